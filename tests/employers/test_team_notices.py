"""What a company is told, its team is told as well: owners all of it, managers what is theirs, viewers nothing."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.identity.models import User
from app.identity.rules import TeamRole
from app.messaging.models import PARAMS, OutboxMessage
from app.messaging.team_notices import TEAM_NOTICES, gets
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import Lead, lead, somewhere
from tests.support.team import TEAM, invite, joins_by_mail, member_of


@pytest.fixture
def owner(world: World) -> Person:
    return world.employer(verified=True)


def told(world: World, person: Person) -> list[dict[str, Any]]:
    """Return kind, parameters and language of every notice to this account, oldest first."""

    async def read(session: Any) -> list[dict[str, Any]]:
        query = select(OutboxMessage).order_by(OutboxMessage.id)
        return [
            {
                "kind": row.kind,
                "channel": row.channel,
                "language": row.language,
                "state": row.state,
                "params": world.runtime.keyring.open_json(row.params_sealed, PARAMS)
                if row.params_sealed
                else {},
            }
            for row in await session.scalars(query)
            if str(row.user_id) == person.id and row.kind in TEAM_NOTICES
        ]

    found: list[dict[str, Any]] = world.in_session(read)
    return found


def kinds(world: World, person: Person) -> list[str]:
    return [each["kind"] for each in told(world, person)]


def posted_by(world: World, person: Person) -> Lead:
    """A lead of a job that this member posted."""
    place = somewhere()
    worker = world.worker(location=place, slots=["saturday"])
    job = world.job(person, location=place, city=...)
    [offer] = world.offers(worker)
    world.accept(worker, offer["id"])
    return Lead(world, person, worker, job["id"], offer["id"])


@pytest.mark.parametrize("role", TeamRole)
@pytest.mark.parametrize("kind", [*TEAM_NOTICES, "email_link", "job_offer"])
def test_the_table(kind: str, role: TeamRole) -> None:
    listed = role in TEAM_NOTICES.get(kind, ())
    assert gets(kind, role, is_theirs=True) is listed
    assert gets(kind, role, is_theirs=False) is (listed and role is TeamRole.OWNER)
    assert not gets(kind, TeamRole.VIEWER, is_theirs=True)


def test_of_a_company_s_job_owners_hear_and_nobody_else(world: World, owner: Person) -> None:
    other, manager = member_of(world, owner, "owner"), member_of(world, owner, "manager")
    viewer = member_of(world, owner, "viewer")
    lead(world, owner)
    assert [kinds(world, each) for each in (owner, other)] == [["lead_accepted"]] * 2
    assert [kinds(world, each) for each in (manager, viewer)] == [[], []]


def test_a_manager_hears_of_what_they_posted_and_bought(world: World, owner: Person) -> None:
    first, second = member_of(world, owner, "manager"), member_of(world, owner, "manager")
    mine = posted_by(world, first)
    world.pay(ok(second.post(f"/api/employers/matches/{mine.id}/unlock"), 202)["checkout_url"])
    assert sorted(kinds(world, owner)) == ["job_filled", "lead_accepted", "lead_unlocked"]
    assert sorted(kinds(world, first)) == ["job_filled", "lead_accepted", "lead_unlocked"]
    [contact] = told(world, second)
    assert (contact["kind"], contact["channel"]) == ("lead_unlocked", "whatsapp")
    assert contact["params"]["phone"] == mine.worker.phone


def test_a_member_s_link_buys_as_that_member(world: World, owner: Person) -> None:
    manager = member_of(world, owner, "manager", monthly_limit={"amount": 100, "currency": "INR"})
    mine = posted_by(world, manager)
    [[own], [theirs]] = [told(world, each) for each in (owner, manager)]
    links = [each["params"]["url"] for each in (own, theirs)]
    assert links[0] != links[1]
    assert world.http.get(f"/pay/{links[1].rpartition('/')[2]}").status_code == 200
    refused(mine.unlock(), 403, "spending_limit")


def test_who_did_it_is_not_told(world: World, owner: Person) -> None:
    manager = member_of(world, owner, "manager")
    job = world.job(manager)
    ok(manager.delete(f"/api/employers/jobs/{job['id']}"))
    assert kinds(world, manager) == []
    assert kinds(world, owner) == ["job_closed"]


def test_money_is_told_to_owners(world: World, owner: Person) -> None:
    other, manager = member_of(world, owner, "owner"), member_of(world, owner, "manager")
    world.pay(
        ok(manager.post("/api/employers/balance/top-ups", {"pack": "small"}), 202)["checkout_url"]
    )
    assert kinds(world, other) == ["balance_topped_up"]
    assert kinds(world, manager) == []


def test_each_is_told_in_their_language_by_chat_or_mail(world: World, owner: Person) -> None:
    by_chat = member_of(world, owner, "owner")
    by_mail = joins_by_mail(world, invite(owner, "owner", email="meera@example.com"))

    async def speak_hindi(session: Any) -> None:
        (await session.get_one(User, UUID(by_chat.id))).language = "hi"

    world.in_session(speak_hindi)
    lead(world, owner)
    [[chat], [mail]] = [told(world, each) for each in (by_chat, by_mail)]
    assert (chat["channel"], chat["language"]) == ("whatsapp", "hi")
    assert (mail["channel"], mail["language"]) == ("email", "en")


def test_who_has_not_joined_or_has_left_hears_nothing(world: World, owner: Person) -> None:
    invited = invite(owner, "owner")
    gone = member_of(world, owner, "owner")
    lead(world, owner)
    waiting = len(told(world, gone))
    ok(owner.delete(f"{TEAM}/{gone.id}"), 204)
    assert {each["state"] for each in told(world, gone)} <= {"suppressed", "delivered", "sent"}
    lead(world, owner)
    assert len(told(world, gone)) == waiting
    assert kinds(world, Person(world, invited["id"], "", "")) == []


def test_after_the_opener_left_the_owners_who_stay_are_told(world: World, owner: Person) -> None:
    other = member_of(world, owner, "owner")
    ok(other.delete(f"{TEAM}/{owner.id}"), 204)
    posted_by(world, other)
    assert kinds(world, other) == ["lead_accepted"]
    assert kinds(world, owner) == []


def test_an_opener_who_was_made_a_viewer_reads_no_contact(world: World, owner: Person) -> None:
    other = member_of(world, owner, "owner")
    before = lead(world, owner)
    ok(other.put(f"{TEAM}/{owner.id}", {"role": "viewer"}))
    assert kinds(world, owner) == ["lead_accepted"]
    world.pay(ok(other.post(f"/api/employers/matches/{before.id}/unlock"), 202)["checkout_url"])
    posted_by(world, other)
    assert kinds(world, owner) == ["lead_accepted"]
    assert kinds(world, other)[-1] == "lead_accepted"
    assert "lead_unlocked" in kinds(world, other)


def test_an_opener_who_was_made_a_manager_hears_of_their_own_jobs(
    world: World, owner: Person
) -> None:
    other = member_of(world, owner, "owner")
    ok(other.put(f"{TEAM}/{owner.id}", {"role": "manager"}))
    posted_by(world, other)
    assert kinds(world, owner) == []
    posted_by(world, owner)
    assert kinds(world, owner) == ["lead_accepted"]


def test_stop_is_heard_of_a_member_too(world: World, owner: Person) -> None:
    other = member_of(world, owner, "owner")
    assert other.phone is not None
    world.says(other.phone, "STOP")
    lead(world, owner)
    world.settle()
    assert [each["state"] for each in told(world, other)] == ["suppressed"]


def test_at_night_a_member_is_left_in_peace_until_the_morning(world: World, owner: Person) -> None:
    other = member_of(world, owner, "owner")
    assert other.phone is not None
    at = world.clock()
    night = at.replace(hour=17, minute=0)  # 22:30 in India
    world.clock.advance(seconds=(night - at).total_seconds())
    before = len(world.messages(other.phone))
    lead(world, owner)
    assert len(world.messages(other.phone)) == before
    assert [each["state"] for each in told(world, other)] == ["waiting"]
    world.clock.advance(hours=10)  # 08:30
    assert len(world.messages(other.phone)) == before + 1


def test_who_wakes_at_night_reads_it_then(world: World, owner: Person) -> None:
    other = member_of(world, owner, "owner")
    assert other.phone is not None
    world.clock.advance(hours=11)  # 22:30 in India
    lead(world, owner)
    assert [each["state"] for each in told(world, other)] == ["waiting"]
    world.says(other.phone, "help")
    assert [each["state"] for each in told(world, other)] != ["waiting"]


def test_who_never_heard_of_a_yes_does_not_hear_that_it_was_taken_back(
    world: World, owner: Person
) -> None:
    other = member_of(world, owner, "owner")
    world.clock.advance(hours=11)  # 22:30 in India
    mine = lead(world, owner)
    world.settle()
    mine.withdraw()
    world.settle()
    assert kinds(world, owner) == ["lead_accepted", "lead_withdrawn"]
    assert kinds(world, other) == ["lead_accepted"]
    assert [each["state"] for each in told(world, other)] == ["suppressed"]


def test_an_erased_worker_is_gone_from_what_members_were_told(world: World, owner: Person) -> None:
    manager = member_of(world, owner, "manager")
    mine = posted_by(world, manager)
    world.pay(ok(mine.unlock(), 202)["checkout_url"])
    world.settle()
    ok(mine.worker.delete("/api/workers/account"), 204)
    world.settle()
    assert (mine.worker.phone or "") not in str(told(world, manager))
    assert kinds(world, manager)[-1] == "lead_erased"


def test_an_employer_s_own_notices_reach_no_team(world: World) -> None:
    first, second = world.employer(verified=True), world.employer(verified=True)
    member = member_of(world, second, "owner")
    lead(world, first)
    assert kinds(world, member) == []
