"""Whoever is erased: every table is read, sealed values opened, and nothing says who they were.

Their id stays where the books, the log and other people's rows need one that names nobody: each such column is
declared here, so that a new one fails until somebody has thought about it.
"""

from typing import Final
from uuid import UUID

import pytest

from app.database.schema import load_models
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import lead
from tests.support.stored import CONTEXTS, sealed_columns, stored_values
from tests.support.team import TEAM, joins_by_phone, member_of

NAME: Final = "Zubeida Songbird"
KEY: Final = {"Idempotency-Key": "the first"}

OF_EVERYBODY: Final = """
users.id consents.user_id admin_action_log.actor_id admin_action_log.target_id audit_words.entry_id
outbox.user_id outbox.key outbox.subject_id webhook_events.body_sealed
"""
"""The tombstone; that and when they agreed; who did what, without words; which messages went out, emptied."""
KEPT: Final = {
    "worker": """
        workers.id job_matches.worker_id unlocks.worker_id reliability_appeals.worker_id
    """,
    "company": """
        employers.id jobs.employer_id job_matches.employer_id orders.employer_id payments.employer_id
        unlocks.employer_id invoices.employer_id ledger_accounts.owner_id lead_reports.employer_id
        ledger_entries.account ledger_transactions.event_key free_leads.mark payment_attempts.request
        admin_action_log.after disputes.employer_id blocks.employer_id
        team_members.employer_id team_members.user_id team_members.invited_by
        invoices.snapshot refunds.requested_by
    """,
    "member": "team_members.user_id team_members.invited_by orders.bought_by payment_attempts.request",
    "opener": "account_marks.user_id kept_cards.employer_id",
}
"""Offers, leads, money and the team stay under an id that names nobody."""


def test_every_sealed_column_says_under_which_context_it_opens() -> None:
    assert sealed_columns() == set(CONTEXTS)


def test_what_is_declared_to_stay_is_there() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in load_models().sorted_tables
        for column in table.columns
    }
    assert {name for names in (OF_EVERYBODY, *KEPT.values()) for name in names.split()} <= columns


def named_in(world: World, *needles: str) -> set[str]:
    """Return the columns in which one of these texts stands."""
    wanted = [needle.lower() for needle in needles]
    return {
        name for name, text in stored_values(world) if any(each in text.lower() for each in wanted)
    }


def traces_of(world: World, person: Person) -> tuple[str, ...]:
    """Return by what somebody would be found again: name, phone, address, and their keyed hashes."""
    keys = world.runtime.keyring
    found = ["songbird"]
    if person.phone:
        found += [person.phone.removeprefix("+"), keys.index(person.phone, "phone")]
    if person.email:
        found += [person.email, keys.index(person.email, "email")]
    return tuple(found)


def ids_of(world: World, person: Person) -> set[str]:
    return named_in(world, person.id, UUID(person.id).hex)


def stays(*kinds: str) -> set[str]:
    return set(OF_EVERYBODY.split()).union(*(KEPT[kind].split() for kind in kinds))


def test_of_a_worker_nothing_stays_but_an_id(world: World) -> None:
    worker = world.worker_through_doors(name=NAME, skills=["waiter"])
    ok(worker.put("/api/workers/profile", {"bio": f"{NAME} sings.", "city": "Thane"}))
    ok(
        worker.post("/api/workers/time-off", {"starts_on": "2027-01-01", "ends_on": "2027-01-02"}),
        201,
    )
    employer = world.employer(verified=True)
    manager = member_of(world, employer, "manager")
    world.job(employer)
    [offer] = world.offers(worker)
    world.accept(worker, offer["id"])
    path = f"/api/employers/matches/{offer['id']}/unlock"
    world.pay(ok(employer.post(path), 202)["checkout_url"])
    for buyer in (employer, manager):
        shown = ok(buyer.post(path, headers=KEY))
        assert shown["contact"]["phone"] == worker.phone
    admin = world.admin()
    corrected = {"fields": {"experience_years": 3}, "reason": f"{NAME} asked"}
    ok(admin.post(f"/api/admin/workers/{worker.id}/correct", corrected, headers=KEY))
    report = {"reason": "other", "note": f"{NAME} never came."}
    ok(employer.post(f"/api/employers/matches/{offer['id']}/report", report), 201)
    assert worker.phone is not None
    world.says(worker.phone, f"this is {NAME}", name=NAME)
    ok(worker.post("/api/workers/blocks", {"employer_id": world.employer().id}), 201)
    seen = {"action": "verify", "reason": f"papers of {NAME}"}
    ok(admin.post(f"/api/admin/workers/{worker.id}/action", seen))
    world.settle()
    traces = traces_of(world, worker)
    before = named_in(world, *traces)
    assert {"idempotency_keys.answer_sealed", "inbox.body_sealed", "users.name"} <= before
    ok(worker.delete("/api/workers/account"), 204)
    world.settle()
    assert named_in(world, *traces) == set()
    assert ids_of(world, worker) <= stays("worker")
    again = ok(employer.post(path, headers=KEY))
    assert again["contact"] == {"name": None, "phone": None, "whatsapp_url": None}
    # What was done for them once is not done twice, although its answer is gone.
    path = f"/api/admin/workers/{worker.id}/correct"
    refused(admin.post(path, corrected, headers=KEY), 422, "idempotency_key_reused")


def test_of_a_company_nothing_stays_but_the_books(world: World) -> None:
    body = {
        "company_name": "Songbird Cafe",
        "contact_name": NAME,
        "email": "zubeida@songbird.example",
        "password": PASSWORD,
        "phone": "+919822111222",
    }
    ok(world.http.post("/api/auth/register/employer", json=body, headers=KEY), 201)
    company = world.sign_in(body["email"], role="employer")
    company.phone = body["phone"]
    world.settle()
    before = named_in(world, *traces_of(world, company))
    assert "idempotency_keys.answer_sealed" in before
    world.job(company, publish=False)
    ok(company.delete("/api/employers/account"), 204)
    world.settle()
    assert named_in(world, *traces_of(world, company)) == set()
    assert ids_of(world, company) <= stays("company")


@pytest.mark.parametrize("how", ["leaves", "is removed"])
@pytest.mark.parametrize("who", ["member", "opener"])
def test_of_who_is_out_of_a_team_nothing_stays_but_their_name_for_the_company(
    world: World, who: str, how: str
) -> None:
    known = NAME if who == "opener" else "Rustom Irani"
    opener = world.employer_through_doors(verified=True, contact_name=known, phone="+919822333444")
    opener.phone = "+919822333444"
    other = member_of(world, opener, "owner", name="Meera Nair")
    person = opener
    if who == "member":
        body = {"role": "manager", "name": NAME, "phone": "+919822555666"}
        person = joins_by_phone(world, ok(opener.post(TEAM, body, headers=KEY), 201))
    mine = lead(world, opener)
    path = f"/api/employers/matches/{mine.id}/unlock"
    world.pay(ok(person.post(path), 202)["checkout_url"])
    ok(person.post(path, headers=KEY))
    lead(world, opener)  # whoever accepts is told to the company
    world.settle()
    assert "idempotency_keys.owner" in ids_of(world, person)
    if how == "leaves":
        ok(person.delete("/api/employers/account"), 204)
    else:
        ok(other.delete(f"{TEAM}/{person.id}"), 204)
    world.settle()
    traces = traces_of(world, person)
    allowed = {"team_members.left_name_sealed"} if how == "is removed" else set()
    assert named_in(world, *traces) <= allowed
    kinds: list[str] = ["member", *(["company", "opener"] if who == "opener" else [])]
    assert ids_of(world, person) <= stays(*kinds), ids_of(world, person) - stays(*kinds)
    told = {row["name"] for row in ok(other.get(f"{TEAM}/log"))["items"]}
    assert (NAME in told) is (how == "is removed")
