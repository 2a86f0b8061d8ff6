"""Owners manage administrators: invite, change roles, suspend; never themselves, never the last owner."""

from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.audit import log
from app.identity import admins
from app.identity.actor import Actor
from app.identity.models import User
from app.identity.permissions import GRANTS, permissions_of
from app.identity.rules import AdminRole, Role, UserStatus
from tests.conftest import Command
from tests.support import factories
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import at_once
from tests.support.sign_in import newest_reset_token, reset, users_id

ADMINS = "/api/admin/admins"


def another(world: World, email: str, role: AdminRole = AdminRole.OWNER) -> Person:
    tokens = world.run(factories.sign_in_admin(world.runtime, email, PASSWORD, role))
    return Person(world, tokens.user_id, tokens.access, tokens.refresh, email=email)


def act(by: Person, on: Person, action: str, **more: Any) -> Any:
    body = {"action": action, "reason": "because"} | more
    return by.post(f"{ADMINS}/{on.id}/action", body)


def test_a_role_is_what_the_table_says_and_changes_at_once(world: World) -> None:
    owner, other = world.admin(), world.admin(AdminRole.SUPPORT)
    ok(other.get("/api/admin/messages"))
    refused(other.get("/api/admin/logs"), 403, "wrong_role")
    refused(other.put("/api/admin/settings", {}), 403, "wrong_role")
    mine = ok(other.get(f"{ADMINS}/me"))
    assert mine["admin_role"] == "support"
    assert "read_messages" in mine["permissions"]
    assert "manage_admins" not in mine["permissions"]

    row = ok(act(owner, other, "change_role", admin_role="finance"))
    assert (row["admin_role"], row["status"]) == ("finance", "active")
    refused(other.get("/api/admin/messages"), 401, "session_ended")
    other = world.admin(AdminRole.SUPPORT)  # the same person, signed in anew
    refused(other.get("/api/admin/messages"), 403, "wrong_role")
    ok(other.get("/api/admin/logs"))
    refused(act(owner, other, "change_role", admin_role="finance"), 409, "same_role")


def test_a_suspended_administrator_is_out_at_once_and_can_come_back(world: World) -> None:
    owner, other = world.admin(), world.admin(AdminRole.MODERATOR)
    assert ok(act(owner, other, "suspend"))["status"] == "suspended"
    refused(other.get("/api/admin/jobs"), 401, "session_ended")
    renewed = {"refresh_token": other.refresh_token}
    refused(world.http.post("/api/auth/refresh", json=renewed), 401, "session_ended")
    body = {"role": "admin", "email": "moderator@example.com", "password": PASSWORD}
    refused(world.http.post("/api/auth/login", json=body), 403, "account_suspended")
    refused(act(owner, other, "suspend"), 409, "account_suspended")
    ok(act(owner, other, "activate"))
    ok(world.http.post("/api/auth/login", json=body))


@pytest.mark.parametrize(
    "action", ["suspend", "activate", "change_role", "sign_out", "reset_second_factor"]
)
def test_nobody_does_it_to_themselves(shared_world: World, action: str) -> None:
    owner = shared_world.admin()
    more = {"admin_role": "support"} if action == "change_role" else {}
    refused(act(owner, owner, action, **more), 409, "own_account")
    ok(owner.get(ADMINS))


def test_of_two_owners_who_demote_one_another_one_stays(world: World) -> None:
    one, other = world.admin(), another(world, "second@example.com")
    answers = at_once(
        [
            lambda: act(one, other, "change_role", admin_role="support"),
            lambda: act(other, one, "suspend"),
        ]
    )
    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 403], [200, 409])

    async def owners(session: Any) -> Any:
        who = User.role == Role.ADMIN, User.admin_role == "owner", User.status == "active"
        return await session.scalar(select(func.count()).where(*who))

    assert world.in_session(owners) == 1


def test_the_last_active_owner_stays_one(world: World) -> None:
    """The owner who acts was suspended a moment ago, and their request is still under way."""
    one, other = world.admin(), another(world, "second@example.com")
    ok(act(one, other, "suspend"))
    ok(act(one, other, "change_role", admin_role="support"))

    async def demoted_meanwhile(session: Any) -> None:
        late = Actor(users_id(other), Role.ADMIN, UserStatus.ACTIVE, "Late")
        with pytest.raises(admins.LastOwner):
            await admins.suspend(session, late, users_id(one), now=world.clock.now)

    world.in_session(demoted_meanwhile)
    ok(one.get(ADMINS))


@pytest.mark.parametrize("action", ["suspend", "activate"])
def test_who_was_demoted_a_moment_ago_decides_on_nobody(world: World, action: str) -> None:
    """Their request is still under way, and another owner would be left in any case."""
    one, other = world.admin(), another(world, "second@example.com")
    third = another(world, "third@example.com")
    ok(act(one, other, "change_role", admin_role="support"))
    if action == "activate":
        ok(act(one, third, "suspend"))

    async def demoted_meanwhile(session: Any) -> None:
        late = Actor(users_id(other), Role.ADMIN, UserStatus.ACTIVE, "Late")
        verb = getattr(admins, action)
        with pytest.raises(admins.LastOwner):
            await verb(session, late, users_id(third), now=world.clock.now)

    world.in_session(demoted_meanwhile)


def test_who_is_invited_sets_a_password_by_the_link_and_signs_in(world: World) -> None:
    owner = world.admin()
    body = {"email": "Nina@Example.com", "name": "Nina", "admin_role": "moderator"}
    row = ok(owner.post(ADMINS, body), 201)
    assert (row["email"], row["invited"], row["second_factor"]) == ("nina@example.com", True, False)
    refused(owner.post(ADMINS, body), 409, "email_taken")
    login = {"role": "admin", "email": "nina@example.com", "password": PASSWORD}
    refused(world.http.post("/api/auth/login", json=login), 401, "invalid_credentials")
    ok(reset(world, newest_reset_token(world), PASSWORD), 204)
    assert ok(world.http.post("/api/auth/login", json=login))["user"]["name"] == "Nina"
    [nina] = [row for row in ok(owner.get(ADMINS))["items"] if row["name"] == "Nina"]
    assert nina["invited"] is False
    assert ok(owner.get(f"{ADMINS}/{nina['id']}")) == nina


def test_what_owners_do_to_administrators_is_in_the_log(world: World) -> None:
    owner, other = world.admin(), world.admin(AdminRole.SUPPORT)
    ok(act(owner, other, "change_role", admin_role="finance", reason="new desk"))
    [row] = ok(owner.get("/api/admin/logs", params={"target_id": other.id}))["items"]
    assert (row["action"], row["actor"], row["reason"]) == (
        "admin.change_role",
        owner.id,
        "new desk",
    )
    assert row["before"] == {"admin_role": "support", "status": "active"}
    assert row["after"] == {"admin_role": "finance", "status": "active"}
    assert world.in_session(log.verify)[1] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "change_role", "reason": "x"}, "admin_role"),
        ({"action": "suspend", "reason": "x", "admin_role": "owner"}, "admin_role"),
        ({"action": "suspend"}, "reason"),
        ({"action": "change_role", "admin_role": "root", "reason": "x"}, "admin_role"),
        ({"action": "delete"}, "action"),
    ],
)
def test_an_action_that_means_nothing_is_refused(
    shared_world: World, body: dict[str, Any], field: str
) -> None:
    owner, other = shared_world.admin(), shared_world.admin(AdminRole.SUPPORT)
    answer = owner.post(f"{ADMINS}/{other.id}/action", body)
    assert [each["field"] for each in refused(answer, 422, "invalid")["errors"]] == [field]


def test_a_worker_is_no_administrator_to_act_on(shared_world: World) -> None:
    owner, worker = shared_world.admin(), shared_world.worker(slots=[])
    refused(owner.get(f"{ADMINS}/{worker.id}"), 404, "not_found")
    refused(act(owner, worker, "suspend"), 404, "not_found")


def test_the_command_makes_each_role(command: Command, sqlite_world: World) -> None:
    world = sqlite_world
    env = {"DATABASE_URL": world.database_url, "ADMIN_PASSWORD": PASSWORD}
    for role in [None, *AdminRole]:
        email = f"{role or 'default'}@example.org"
        options = ["--role", role] if role else []
        ran = command("create-admin", "--email", email, *options, **env)
        assert ran.code == 0
        assert f"({role or 'owner'})" in ran.out
        person = world.sign_in(email, role="admin")
        assert ok(person.get(f"{ADMINS}/me"))["admin_role"] == (role or "owner")


def test_an_administrator_without_a_role_may_nothing(world: World) -> None:
    """A row that somebody wrote by hand."""
    owner, other = world.admin(), world.admin(AdminRole.SUPPORT)

    async def take(session: Any) -> None:
        mine = update(User).where(User.id == users_id(other)).values(admin_role=None)
        await session.execute(mine)

    world.in_session(take)
    refused(other.get("/api/admin/jobs"), 403, "wrong_role")
    ok(owner.get(ADMINS))


def test_every_permission_is_somebodys_and_owners_have_all_of_administrators() -> None:
    assert all(GRANTS.values())
    of_admins = {p for p, who in GRANTS.items() if who & set(AdminRole) or Role.ADMIN in who}
    assert of_admins == set(permissions_of(AdminRole.OWNER))
