"""Administrators see everything, and everything they do has a guard, a consequence and a log row."""

import csv
import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from app.audit import log
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import Lead, lead, log_of, somewhere

NOWHERE = "0190b5a4-0000-7000-8000-000000000000"


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and the log is whole after each."""
    yield world_of_file
    _, broken = world_of_file.in_session(log.verify)
    assert broken is None


@pytest.fixture
def admin(world: World) -> Person:
    """The administrator, signed in."""
    return world.admin()


def act(admin: Person, kind: str, target: str, action: str, reason: str | None = None) -> Any:
    """Do something to a worker, employer or job; the answer."""
    body = {"action": action} if reason is None else {"action": action, "reason": reason}
    return admin.post(f"/api/admin/{kind}/{target}/action", body)


PATHS = [
    "workers",
    "employers",
    "jobs",
    "logs",
    "stats",
    "settings",
    "payments",
    "messages",
    "webhooks",
    f"workers/{NOWHERE}",
    f"employers/{NOWHERE}",
    f"jobs/{NOWHERE}",
]


def test_these_routes_are_for_administrators_only(world: World) -> None:
    worker, employer = world.worker(slots=()), world.employer()
    for path in PATHS:
        nobody = world.http.get(f"/api/admin/{path}")
        assert nobody.status_code == 401, path
        assert nobody.headers["www-authenticate"] == "Bearer"
        for person in (worker, employer):
            refused(person.get(f"/api/admin/{path}"), 403, "wrong_role")
    for kind in ("workers", "employers", "jobs"):
        refused(act(employer, kind, NOWHERE, "suspend", "x"), 403, "wrong_role")
    body = {"reason": "x"}
    for person in (worker, employer):
        refused(person.post(f"/api/admin/payments/{NOWHERE}/refund", body), 403, "wrong_role")
        refused(person.put("/api/admin/settings", {}), 403, "wrong_role")


def test_what_is_not_there_is_not_found(admin: Person) -> None:
    for kind in ("workers", "employers", "jobs"):
        assert admin.get(f"/api/admin/{kind}/{NOWHERE}").status_code == 404
        action = "cancel" if kind == "jobs" else "suspend"
        assert act(admin, kind, NOWHERE, action, "gone").status_code == 404
    for kind in ("messages", "webhooks"):
        assert admin.post(f"/api/admin/{kind}/{NOWHERE}/retry").status_code == 404


def test_a_worker_is_no_employer_and_no_administrator_is_either(
    world: World, admin: Person
) -> None:
    worker, employer = world.worker(slots=()), world.employer()
    assert act(admin, "employers", worker.id, "suspend", "x").status_code == 404
    assert act(admin, "workers", employer.id, "suspend", "x").status_code == 404
    for kind in ("workers", "employers"):
        assert act(admin, kind, admin.id, "suspend", "x").status_code == 404
    ok(admin.get("/api/auth/me"))


def person_of(world: World, kind: str) -> Person:
    """Somebody new of that kind."""
    if kind == "workers":
        return world.worker(location=somewhere(), slots=())
    return world.employer()


def said_in(world: World, rows: list[Any]) -> dict[UUID, str | None]:
    """What was said with each of these rows of the log."""
    found: dict[UUID, str | None] = world.in_session(lambda session: log.reasons_of(session, rows))
    return found


@pytest.mark.parametrize("kind", ["workers", "employers"])
def test_suspending_shuts_an_account_on_the_next_request(
    world: World, admin: Person, kind: str
) -> None:
    person = person_of(world, kind)
    ok(person.get("/api/auth/me"))
    answer = ok(act(admin, kind, person.id, "suspend", "fraud"))
    assert answer["status"] == "suspended"
    refused(person.get("/api/auth/me"), 401, "session_ended")
    again = world.http.post("/api/auth/refresh", json={"refresh_token": person.refresh_token})
    assert again.status_code == 401
    if kind == "employers":
        body = {"role": "employer", "email": person.email, "password": PASSWORD}
        refused(world.http.post("/api/auth/login", json=body), 403, "account_suspended")
    refused(act(admin, kind, person.id, "suspend", "again"), 409, "account_suspended")
    assert ok(act(admin, kind, person.id, "activate"))["status"] == "active"
    refused(act(admin, kind, person.id, "activate"), 409, "account_active")
    # What was signed in before stays signed out.
    refused(person.get("/api/auth/me"), 401, "session_ended")
    rows = log_of(world, person.id)
    said = said_in(world, rows)
    assert [(row.action, said[row.id], row.before, row.after) for row in rows[-2:]] == [
        (f"{kind[:-1]}.suspend", "fraud", {"status": "active"}, {"status": "suspended"}),
        (f"{kind[:-1]}.activate", None, {"status": "suspended"}, {"status": "active"}),
    ]
    assert {str(row.actor_id) for row in rows[-2:]} == {admin.id}
    assert {(row.actor_role, row.target_type) for row in rows[-2:]} == {("admin", kind[:-1])}


@pytest.mark.parametrize("kind", ["workers", "employers"])
def test_verifying_is_done_once(world: World, admin: Person, kind: str) -> None:
    person = person_of(world, kind)
    assert ok(admin.get(f"/api/admin/{kind}/{person.id}"))["verified"] is False
    assert ok(act(admin, kind, person.id, "verify", "papers seen"))["verified"] is True
    refused(act(admin, kind, person.id, "verify"), 409, "already_verified")
    row = log_of(world, person.id)[-1]
    assert (row.action, row.before, row.after) == (
        f"{kind[:-1]}.verify",
        {"status": "active", "verified": False},
        {"status": "active", "verified": True},
    )


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("workers", "suspend"),
        ("employers", "suspend"),
        ("employers", "restrict"),
        ("jobs", "cancel"),
    ],
)
@pytest.mark.parametrize("reason", [None, "", "   "])
def test_what_takes_something_away_needs_a_reason(
    world: World, admin: Person, kind: str, action: str, reason: str | None
) -> None:
    target = world.extra.get(f"reasoned_{kind}") or (
        world.job(world.employer(), location=somewhere())["id"]
        if kind == "jobs"
        else person_of(world, kind).id
    )
    world.extra[f"reasoned_{kind}"] = target
    problem = refused(act(admin, kind, target, action, reason), 422, "invalid")
    assert problem["errors"][0]["field"] == "reason"
    assert [row.action for row in log_of(world, target)][-1:] != [f"{kind[:-1]}.{action}"]


@pytest.mark.parametrize(
    ("kind", "action"),
    [("workers", "restrict"), ("workers", "erase"), ("employers", "cancel"), ("jobs", "suspend")],
)
def test_an_action_that_there_is_not_is_refused(admin: Person, kind: str, action: str) -> None:
    assert act(admin, kind, NOWHERE, action, "why").status_code == 422


def test_a_worker_who_proved_no_phone_or_erased_it_all_is_left_alone(
    world: World, admin: Person
) -> None:
    phone = "+919812300001"
    body = {"name": "Asha Kulkarni", "phone": phone, "consent": True}
    ok(world.http.post("/api/auth/register/worker", json=body), 202)
    [pending] = ok(admin.get("/api/admin/workers", params={"q": phone}))["items"]
    assert pending["status"] == "pending"
    refused(act(admin, "workers", pending["id"], "suspend", "x"), 409, "account_pending")
    refused(act(admin, "workers", pending["id"], "activate"), 409, "account_pending")
    gone = world.worker(slots=(), location=somewhere())
    assert gone.delete("/api/workers/account").status_code == 204
    for action in ("suspend", "activate", "verify"):
        refused(act(admin, "workers", gone.id, action, "x"), 409, "account_erased")
    assert ok(admin.get(f"/api/admin/workers/{gone.id}"))["phone"] is None


def test_a_suspended_worker_s_open_offers_close(world: World, admin: Person) -> None:
    waiting = lead(world, accept=False)
    ok(act(admin, "workers", waiting.worker.id, "suspend", "fraud"))
    assert waiting.shown["status"] == "closed"
    # Active again, the worker is offered what comes next.
    ok(act(admin, "workers", waiting.worker.id, "activate"))


def test_a_suspended_employer_s_jobs_ask_nobody_until_that_ends(
    world: World, admin: Person
) -> None:
    place = somewhere()
    employer = world.employer()
    first = world.worker(location=place, slots=["saturday"])
    job = world.job(employer, location=place)
    world.settle()
    [offer] = world.offers(first)
    ok(act(admin, "employers", employer.id, "suspend", "complaints"))
    assert world.offers(first)[0]["status"] == "closed"
    body = {"response": "accept"}
    refused(first.post(f"/api/workers/offers/{offer['id']}/respond", body), 409, "offer_closed")
    world.worker(location=place, slots=["saturday"])
    world.clock.advance(minutes=31)
    world.settle()
    details = ok(world.admin().get(f"/api/admin/jobs/{job['id']}"))
    assert (details["status"], details["progress"]["offered"]) == ("published", 0)
    ok(act(world.admin(), "employers", employer.id, "activate"))
    world.clock.advance(minutes=31)
    world.settle()
    details = ok(world.admin().get(f"/api/admin/jobs/{job['id']}"))
    assert details["progress"]["offered"] == 1


def test_a_restricted_employer_reads_but_neither_publishes_nor_unlocks(
    world: World, admin: Person
) -> None:
    mine = lead(world)
    draft = world.job(mine.employer, publish=False)
    ok(act(admin, "employers", mine.employer.id, "restrict", "complaints"))
    ok(mine.employer.get("/api/employers/jobs"))
    assert mine.shown["status"] == "accepted"
    publish = f"/api/employers/jobs/{draft['id']}/publish"
    refused(mine.employer.post(publish), 403, "account_restricted")
    refused(mine.unlock(), 403, "account_restricted")
    refused(act(admin, "employers", mine.employer.id, "restrict", "x"), 409, "account_restricted")
    ok(act(admin, "employers", mine.employer.id, "activate"))
    mine.begin()


def test_a_job_is_cancelled_and_reopened(world: World, admin: Person) -> None:
    waiting = lead(world, accept=False)
    job = ok(act(admin, "jobs", waiting.job_id, "cancel", "asks for a deposit"))
    assert job["status"] == "cancelled"
    assert waiting.shown["status"] == "closed"
    refused(act(admin, "jobs", waiting.job_id, "cancel", "again"), 409, "job_cancelled")
    job = ok(act(admin, "jobs", waiting.job_id, "reopen", "a mistake"))
    rows = {row.action: row for row in log_of(world, waiting.job_id)}
    said = said_in(world, list(rows.values()))
    assert said[rows["job.cancel"].id] == "asks for a deposit"
    assert (rows["job.cancel"].before, rows["job.cancel"].after) == (
        {"status": "published"},
        {"status": "cancelled"},
    )
    assert rows["job.reopen"].after == {"status": job["status"]}
    assert str(rows["job.reopen"].actor_id) == admin.id
    assert act(admin, "jobs", waiting.job_id, "reopen").status_code == 409


# --- lists ------------------------------------------------------------------------------------


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in ok(answer)["items"]]


def test_people_are_found_by_name_city_state_phone_and_mail(world: World, admin: Person) -> None:
    place = somewhere()
    asha = world.worker(location=place, slots=())
    world.kept_before(asha, name="Élodie 100% O'Brien_", city="Île de Goa")
    other = world.worker(name="Bina Rao", city="Pune", location=place, slots=())
    ok(act(admin, "workers", asha.id, "verify"))

    def found(**params: Any) -> list[str]:
        return ids(admin.get("/api/admin/workers", params={"limit": 100, **params}))

    for q in ("Élodie", "élodie", "ÉLODIE", "100%", "brien_", "o'BRIEN", asha.phone):
        assert found(q=q) == [asha.id], q
    assert other.id in found(q="bina")
    assert asha.id not in found(q="bina")
    for q in ("%", "_", "\\"):
        assert other.id not in found(q=q)
    assert found(city="Île de Goa") == [asha.id]
    assert found(city="Île DE GOA", verified=True, status="active") == [asha.id]
    assert other.id in found(city="PUNE")
    assert asha.id in found(verified=True)
    assert other.id not in found(verified=True)
    assert other.id in found(verified=False)
    assert asha.id not in found(verified=False)
    assert found(status="suspended", q="Élodie") == []
    national = str(asha.phone).removeprefix("+91")
    assert found(q=national) == [asha.id]


def test_employers_and_jobs_are_found(world: World, admin: Person) -> None:
    employer = world.employer(company_name="Zanzibar Grill", phone="+919812345678")
    job = world.job(employer, title="Juggler wanted", city="Nagpur", publish=False)
    path = "/api/admin/employers"
    for q in (
        "zanzibar",
        "Rustom Irani",
        employer.email,
        str(employer.email).upper(),
        "98123 45678",
    ):
        assert employer.id in ids(admin.get(path, params={"q": q, "limit": 100})), q
    row = ok(admin.get(path, params={"q": "zanzibar"}))["items"][0]
    assert not {"email", "phone"} & set(row)
    details = ok(admin.get(f"{path}/{employer.id}"))
    assert (details["email"], details["phone"], details["jobs"]) == (
        employer.email,
        "+919812345678",
        1,
    )
    for params in ({"q": "juggler"}, {"q": "zanzibar"}, {"city": "nagpur"}):
        assert ids(admin.get("/api/admin/jobs", params=params)) == [job["id"]], params
    assert ids(admin.get("/api/admin/jobs", params={"q": "juggler", "status": "published"})) == []
    assert ids(admin.get("/api/admin/jobs", params={"q": "juggler", "verified": True})) == []
    shown = ok(admin.get(f"/api/admin/jobs/{job['id']}"))
    assert (shown["employer_id"], shown["company_name"]) == (employer.id, "Zanzibar Grill")


@pytest.mark.parametrize(
    "query",
    [
        "workers?q=%00",
        "workers?city=a%00",
        "workers?status=fine",
        "workers?verified=perhaps",
        "workers?limit=0",
        "workers?limit=101",
        "workers?cursor=forged",
        "jobs?q=%00",
        "jobs?city=%00",
        "logs?action=%00",
        "logs?target_id=%00",
        "logs?actor=somebody",
        "logs?from=2026-11-23T06:00:00",
        "logs?from=0001-01-01T00:00:00%2B14:00",
        "logs?to=9999-12-31T23:59:59-14:00",
        "logs?from=1e400",
        "payments?status=maybe",
        "payments?employer_id=1",
        "messages?state=lost",
        "webhooks?state=lost",
        "workers?format=xml",
    ],
)
def test_a_question_that_makes_no_sense_is_refused(admin: Person, query: str) -> None:
    assert admin.get(f"/api/admin/{query}").status_code == 422


@pytest.mark.parametrize("kind", ["workers", "employers", "jobs", "logs"])
def test_pages_are_stable_while_rows_are_added(world: World, admin: Person, kind: str) -> None:
    employer = world.employer()
    for _ in range(3):
        world.job(employer, publish=False)
        act(admin, "employers", world.employer().id, "verify")
        phone = f"+9197{world.extra.setdefault('paged', 10_000_000):08d}"
        world.extra["paged"] += 1
        body = {"name": "Paged Person", "phone": phone, "consent": True}
        ok(world.http.post("/api/auth/register/worker", json=body), 202)
    before = ids(admin.get(f"/api/admin/{kind}?limit=100"))
    seen, cursor = [], ""
    for _ in range(2):
        page = ok(admin.get(f"/api/admin/{kind}?limit=2{cursor}"))
        seen += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
        world.job(employer, publish=False)
        act(admin, "employers", world.employer().id, "verify")
    assert seen == before[:4]
    other = "employers" if kind == "workers" else "workers"
    assert admin.get(f"/api/admin/{other}?limit=2{cursor}").status_code == 422


def rows_of(answer: Any) -> list[dict[str, str]]:
    """The rows of a CSV answer, which must be one for spreadsheets."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    text = answer.content.decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize(
    "kind", ["workers", "employers", "jobs", "logs", "payments", "messages", "webhooks"]
)
def test_every_list_can_be_had_as_a_file_that_is_whole(
    world: World, admin: Person, kind: str
) -> None:
    listed: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next_cursor": ""}
    while page["next_cursor"] is not None:
        after = f"&cursor={page['next_cursor']}" if page["next_cursor"] else ""
        page = ok(admin.get(f"/api/admin/{kind}?limit=100{after}"))
        listed += page["items"]
    rows = rows_of(admin.get(f"/api/admin/{kind}?format=csv&limit=1"))
    if kind == "logs":  # that it was taken is in it
        assert (rows[0]["action"], rows[0]["target_id"]) == ("list.export", "logs")
        rows = rows[1:]
    assert [row["id"] for row in rows] == [item["id"] for item in listed]
    assert not listed or set(rows[0]) == set(listed[0])
    by_header = admin.get(f"/api/admin/{kind}", headers={"Accept": "text/csv"})
    assert len(rows_of(by_header)) >= len(rows)
    as_json = admin.get(f"/api/admin/{kind}?format=json", headers={"Accept": "text/csv"})
    assert "items" in ok(as_json)
    row = ok(admin.get("/api/admin/logs?action=list.export"))["items"][0]
    assert (row["actor"], row["target_id"]) == (admin.id, kind)


def test_no_cell_is_a_formula(world: World, admin: Person) -> None:
    nasty = ['=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "＝1+1", 'a,b"c']
    made = [world.employer(company_name=name) for name in nasty]
    rows = {row["id"]: row for row in rows_of(admin.get("/api/admin/employers?format=csv"))}
    shown = [rows[employer.id]["company_name"] for employer in made]
    assert shown == [*("'" + name for name in nasty[:-1]), nasty[-1]]


def test_a_filtered_list_is_a_filtered_file(world: World, admin: Person) -> None:
    world.employer(company_name="Only This One")
    rows = rows_of(admin.get("/api/admin/employers?q=only+this&format=csv"))
    assert [row["company_name"] for row in rows] == ["Only This One"]


def test_payments_are_listed_for_administrators(world: World, admin: Person) -> None:
    mine: Lead = lead(world)
    bought = mine.buy()["payment"]["id"]
    params = {"employer_id": mine.employer.id, "status": "succeeded"}
    [row] = ok(world.admin().get("/api/admin/payments", params=params))["items"]
    assert (row["id"], row["match_id"]) == (bought, mine.id)
    params["status"] = "refunded"
    assert ok(admin.get("/api/admin/payments", params=params))["items"] == []


def test_a_dead_message_is_seen_without_its_words_and_sent_again(
    world: World, admin: Person
) -> None:
    place = somewhere()
    worker = world.worker(location=place, slots=["saturday"])
    world.settle()  # what another test left waiting is not what meets the fault
    faults = "/sandbox/whatsapp/_control/faults"
    ok(world.http.post(faults, json={"next": 1, "kind": "error", "code": 131009}))
    world.job(world.employer(), location=place)
    world.settle()
    params = {"state": "dead", "limit": 1}
    [row] = ok(admin.get("/api/admin/messages", params=params))["items"]
    assert (row["kind"], row["error_code"]) == ("job_offer", "131009")
    text = admin.get("/api/admin/messages?limit=100").text
    assert str(worker.phone)[3:] not in text
    assert "Asha" not in text
    retry = f"/api/admin/messages/{row['id']}/retry"
    assert ok(admin.post(retry))["state"] == "waiting"
    assert [one.action for one in log_of(world, row["id"])] == ["message.retry"]
    world.settle()
    refused(admin.post(retry), 409, "message_not_retryable")
