"""A company's team: inviting, roles, removing, and what everybody did."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select

from app.audit.models import AdminActionLog
from app.identity.models import TeamMember, User
from tests.acceptance.shapes import problem
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok
from tests.support.leads import at_once
from tests.support.team import (
    TEAM,
    invitation_token,
    invite,
    joins_by_mail,
    joins_by_phone,
    member_of,
    rupees,
)

JOBS = "/api/employers/jobs"


@pytest.fixture
def owner(world: World) -> Person:
    return world.employer(contact_name="Rustom Irani")


def team_of(person: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = ok(person.get(TEAM))["items"]
    return items


def test_who_registers_is_the_owner(owner: Person) -> None:
    [only] = team_of(owner)
    assert (only["id"], only["role"], only["status"]) == (owner.id, "owner", "active")
    assert only["name"] == "Rustom Irani"
    assert only["monthly_limit"] is None
    assert only["spent"] == {"amount": 0, "currency": "INR"}


def test_a_company_without_a_row_in_the_team_has_its_owner_too(world: World, owner: Person) -> None:
    async def forget(session: Any) -> None:
        await session.execute(delete(TeamMember).where(TeamMember.user_id == UUID(owner.id)))

    world.in_session(forget)
    assert [member["id"] for member in team_of(owner)] == [owner.id]
    member = invite(owner, "viewer")
    assert [each["id"] for each in team_of(owner)] == [owner.id, member["id"]]


def test_invited_by_mail_one_sets_a_password_and_acts_for_the_company(
    world: World, owner: Person
) -> None:
    job = world.job(owner, publish=False)
    invited = invite(
        owner, "manager", email="Meera@Example.com", name="Meera", monthly_limit=rupees(500)
    )
    assert invited["status"] == "invited"
    assert (invited["email"], invited["phone"]) == ("meera@example.com", None)
    assert invited["monthly_limit"] == rupees(500)
    meera = joins_by_mail(world, invited)
    assert [each["id"] for each in ok(meera.get(JOBS))["items"]] == [job["id"]]
    profiles = [ok(person.get("/api/employers/profile")) for person in (owner, meera)]
    assert profiles[0] == profiles[1]
    theirs = world.job(meera, publish=False)
    assert ok(owner.get(f"{JOBS}/{theirs['id']}"))["id"] == theirs["id"]
    assert ok(meera.get("/api/auth/me"))["name"] == "Meera"
    assert {member["status"] for member in team_of(meera)} == {"active"}


def test_invited_by_phone_one_signs_in_by_the_code(world: World, owner: Person) -> None:
    invited = invite(owner, "viewer")
    assert invited["phone"].startswith("+91")
    viewer = joins_by_phone(world, invited)
    assert ok(viewer.get(JOBS))["items"] == []
    ok(world.http.post("/api/auth/otp", json={"phone": invited["phone"]}), 202)
    again = joins_by_phone(world, invited)
    assert again.id == viewer.id


def test_an_invitation_is_sent_again_with_other_rights_until_it_is_followed(
    world: World, owner: Person
) -> None:
    first = invite(owner, "viewer", email="again@example.com")
    second = invite(owner, "manager", email="again@example.com")
    assert (second["id"], second["role"]) == (first["id"], "manager")
    joins_by_mail(world, second)
    problem(
        owner.post(TEAM, {"email": "again@example.com", "role": "viewer"}), 409, "already_in_team"
    )


def test_another_accounts_address_is_refused(world: World, owner: Person) -> None:
    other = world.employer()
    problem(owner.post(TEAM, {"email": other.email, "role": "viewer"}), 409, "email_taken")


@pytest.mark.parametrize(
    "body",
    [
        {"role": "viewer"},
        {"role": "viewer", "email": "a@example.com", "phone": "+919822555555"},
        {"role": "boss", "email": "a@example.com"},
        {"role": "viewer", "email": "no address"},
        {"role": "viewer", "phone": "12"},
        {"role": "viewer", "email": "a@example.com", "monthly_limit": {"amount": -1}},
        {
            "role": "viewer",
            "email": "a@example.com",
            "monthly_limit": {"amount": 1, "currency": "USD"},
        },
        {"role": "viewer", "email": "a@example.com", "status": "active"},
    ],
)
def test_what_is_no_invitation_is_refused(owner: Person, body: dict[str, Any]) -> None:
    problem(owner.post(TEAM, body), 422)
    assert len(team_of(owner)) == 1


def test_another_companys_member_is_not_there(world: World, owner: Person) -> None:
    theirs = invite(world.employer(), "viewer")
    problem(owner.put(f"{TEAM}/{theirs['id']}", {"role": "owner"}), 404, "member_not_found")
    problem(owner.delete(f"{TEAM}/{theirs['id']}"), 404, "member_not_found")


def test_rights_change_with_the_next_request(world: World, owner: Person) -> None:
    manager = member_of(world, owner, "manager")
    body = world.job_body()
    ok(manager.post(JOBS, body), 201)
    changed = ok(owner.put(f"{TEAM}/{manager.id}", {"role": "viewer"}))
    assert changed["role"] == "viewer"
    problem(manager.post(JOBS, body), 403, "wrong_role")
    ok(owner.put(f"{TEAM}/{manager.id}", {"role": "owner"}))
    ok(manager.put("/api/employers/profile", {"city": "Pune"}))


def test_of_two_changes_at_once_neither_is_lost(world: World, owner: Person) -> None:
    path = f"{TEAM}/{invite(owner, 'viewer')['id']}"
    for number in range(1, 6):
        role = "manager" if number % 2 else "viewer"
        changes = [{"role": role}, {"monthly_limit": rupees(number)}]
        at_once([lambda body=body: ok(owner.put(path, body)) for body in changes])
        found = team_of(owner)[-1]
        assert (found["role"], found["monthly_limit"]) == (role, rupees(number))


def test_a_removed_member_is_out_at_once_and_their_phone_is_free(
    world: World, owner: Person
) -> None:
    manager = member_of(world, owner, "manager", name="Meera Nair")
    draft = world.job(manager, publish=False)
    ok(owner.delete(f"{TEAM}/{manager.id}"), 204)
    problem(manager.get(JOBS), 401)
    renewed = {"refresh_token": manager.refresh_token}
    problem(world.http.post("/api/auth/refresh", json=renewed), 401)
    assert [member["id"] for member in team_of(owner)] == [owner.id]
    assert ok(owner.get(f"{JOBS}/{draft['id']}"))["id"] == draft["id"]
    problem(owner.delete(f"{TEAM}/{manager.id}"), 404, "member_not_found")
    back = invite(owner, "viewer", phone=manager.phone)
    assert back["id"] != manager.id
    told = [row for row in ok(owner.get(f"{TEAM}/log"))["items"] if row["action"] == "job.create"]
    assert [row["name"] for row in told] == ["Meera Nair"]


def test_a_members_phone_is_not_the_companys_and_they_still_sign_in(
    world: World, owner: Person
) -> None:
    manager = member_of(world, owner, "manager")
    profile = "/api/employers/profile"
    problem(owner.put(profile, {"phone": manager.phone}), 409, "already_in_team")

    async def name_it_all_the_same(session: Any) -> None:
        member = await session.get_one(User, UUID(manager.id))
        opener = await session.get_one(User, UUID(owner.id))
        opener.phone_index, opener.phone_sealed = member.phone_index, member.phone_sealed

    world.in_session(name_it_all_the_same)
    ok(world.http.post("/api/auth/otp", json={"phone": manager.phone}), 202)
    again = joins_by_phone(world, {"phone": manager.phone})
    assert again.id == manager.id


def test_an_invitation_taken_back_opens_nothing(world: World, owner: Person) -> None:
    invited = invite(owner, "owner", email="late@example.com")
    token = invitation_token(world, invited["id"])
    ok(owner.delete(f"{TEAM}/{invited['id']}"), 204)
    body = {"token": token, "password": PASSWORD}
    problem(world.http.post("/api/auth/password/reset", json=body), 422, "reset_token_invalid")


def test_the_last_owner_stays(world: World, owner: Person) -> None:
    for answer in (
        owner.put(f"{TEAM}/{owner.id}", {"role": "manager"}),
        owner.delete(f"{TEAM}/{owner.id}"),
    ):
        problem(answer, 409, "last_owner")
    invite(owner, "owner")  # who has not joined can't be the one who stays
    problem(owner.delete(f"{TEAM}/{owner.id}"), 409, "last_owner")
    other = member_of(world, owner, "owner")
    ok(owner.put(f"{TEAM}/{owner.id}", {"role": "manager"}))
    problem(other.delete(f"{TEAM}/{other.id}"), 409, "last_owner")


def test_who_opened_the_company_may_be_removed_and_it_stays(world: World, owner: Person) -> None:
    job = world.job(owner, publish=False)
    other = member_of(world, owner, "owner", name="Meera Nair")
    ok(other.delete(f"{TEAM}/{owner.id}"), 204)
    problem(owner.get(JOBS), 401)
    body = {"role": "employer", "email": owner.email, "password": PASSWORD}
    problem(world.http.post("/api/auth/login", json=body), 401, "invalid_credentials")
    assert [each["id"] for each in ok(other.get(JOBS))["items"]] == [job["id"]]
    profile = ok(other.get("/api/employers/profile"))
    assert (profile["contact_name"], profile["email"], profile["phone"]) == (
        "Meera Nair",
        None,
        None,
    )
    world.employer(email=owner.email)  # the address is free again
    assert [member["id"] for member in team_of(other)] == [other.id]
    assert {row["name"] for row in ok(other.get(f"{TEAM}/log"))["items"]} >= {"Meera Nair"}


def test_a_suspended_company_has_no_member_who_gets_in(world: World, owner: Person) -> None:
    manager = member_of(world, owner, "manager")
    body = {"action": "suspend", "reason": "fraud"}
    ok(world.admin().post(f"/api/admin/employers/{owner.id}/action", body))
    problem(manager.get(JOBS), 401)
    assert manager.phone is not None
    ok(world.http.post("/api/auth/otp", json={"phone": manager.phone}), 202)
    world.settle()
    login = {"role": "employer", "phone": manager.phone, "code": world.code_for(manager.phone)}
    problem(world.http.post("/api/auth/login", json=login), 403, "account_suspended")


def test_a_restricted_companys_member_reads_but_publishes_nothing(
    world: World, owner: Person
) -> None:
    manager = member_of(world, owner, "manager")
    draft = world.job(owner, publish=False)
    body = {"action": "restrict", "reason": "complaints"}
    ok(world.admin().post(f"/api/admin/employers/{owner.id}/action", body))
    ok(manager.get(JOBS))
    problem(manager.post(f"{JOBS}/{draft['id']}/publish"), 403, "account_restricted")


def test_the_log_says_who_did_what(world: World, owner: Person) -> None:
    manager = member_of(world, owner, "manager", name="Meera Nair")
    job = world.job(manager)
    ok(manager.delete(f"{JOBS}/{job['id']}"))
    rows = ok(owner.get(f"{TEAM}/log"))["items"]
    told = [(row["name"], row["action"]) for row in rows]
    assert told[:3] == [
        ("Meera Nair", "job.cancel"),
        ("Meera Nair", "job.publish"),
        ("Meera Nair", "job.create"),
    ]
    assert ("Rustom Irani", "team.invite") in told
    assert ok(world.employer().get(f"{TEAM}/log"))["items"] == []

    async def logged(session: Any) -> Any:
        by = AdminActionLog.actor_id == UUID(manager.id)
        return await session.scalar(select(func.count()).where(by))

    assert world.in_session(logged) >= 3


def test_a_member_who_erases_their_account_leaves_and_the_company_stays(
    world: World, owner: Person
) -> None:
    manager = member_of(world, owner, "manager", name="Meera Nair")
    job = world.job(manager, publish=False)
    ok(manager.delete("/api/employers/account"), 204)
    problem(manager.get(JOBS), 401)
    assert ok(owner.get(f"{JOBS}/{job['id']}"))["status"] == "draft"
    assert "Meera" not in owner.get(f"{TEAM}/log").text

    async def read(session: Any) -> User:
        found: User = await session.get_one(User, UUID(manager.id))
        return found

    gone: User = world.in_session(read)
    assert (gone.name, gone.status, gone.phone_index) == ("Deleted", "erased", None)


def test_a_company_goes_with_its_last_owner_and_its_team_with_it(
    world: World, owner: Person
) -> None:
    manager = member_of(world, owner, "manager", name="Meera Nair")
    assert "Meera Nair" in str(ok(owner.get("/api/employers/export"))["team"])
    ok(owner.delete("/api/employers/account"), 204)
    for person in (owner, manager):
        problem(person.get(JOBS), 401)

    async def names(session: Any) -> set[str]:
        query = select(User.name).where(User.id.in_([UUID(owner.id), UUID(manager.id)]))
        return set(await session.scalars(query))

    assert world.in_session(names) == {"Deleted"}
