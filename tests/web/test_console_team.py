"""The page of administrators: an owner invites, gives roles, suspends and takes a lost factor away."""

import re
from collections.abc import Iterator

import pytest

from app.audit import log
from app.identity.permissions import Permission
from app.identity.rules import AdminRole
from app.web.site import has_words
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok
from tests.support.page_reader import PageReader
from tests.support.sign_in import newest_reset_token, reset
from tests.web.test_console import signed_in

TEAM = "/console/team"


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """A Partimer whose log is whole after the test."""
    yield world
    _, broken = world.in_session(log.verify)
    assert broken is None


def _action_of(page: str, name: str) -> str:
    """Return where the form of the administrator of this name goes."""
    (card,) = [each for each in page.split("<article")[1:] if f">{name}" in each]
    found = re.search(r'action="(/console/team/[^"]+)"', card)
    assert found
    return found[1]


def test_who_is_invited_sets_a_password_by_the_mail_and_the_console_opens(world: World) -> None:
    owner = signed_in(world)
    owner.get(TEAM)
    invited = {"email": "nina@example.com", "name": "Nina", "admin_role": "moderator"}
    filled = owner.form(TEAM) | invited
    answer = owner.post(TEAM, filled)
    assert answer.headers["location"] == f"{TEAM}?done=admin_invited"
    # The second press of the same button invites nobody twice.
    assert owner.post(TEAM, filled).headers["location"] == answer.headers["location"]
    page = owner.get(TEAM).text
    assert page.count("nina@example.com") == 1
    assert "invited" in page.lower()
    ok(reset(world, newest_reset_token(world), PASSWORD), 204)
    nina = PageReader(world.url)
    nina.get("/signin")
    nina.send("/signin", {"email": "nina@example.com", "password": PASSWORD})
    assert nina.get("/console/review").status_code == 200
    assert nina.get(TEAM).status_code == 403


def test_an_invitation_comes_again_and_the_earlier_link_is_dead(world: World) -> None:
    owner = signed_in(world)
    owner.get(TEAM)
    owner.send(TEAM, {"email": "nina@example.com", "name": "Nina", "admin_role": "support"})
    first = newest_reset_token(world)
    world.clock.advance(days=5)
    owner = signed_in(world)
    action = _action_of(owner.get(TEAM).text, "Nina")
    owner.send(action, {"action": "invite_again"})
    second = newest_reset_token(world)
    assert reset(world, first, PASSWORD).status_code == 422
    # Good for a week, not for the minutes of who forgot a password.
    world.clock.advance(days=6)
    ok(reset(world, second, PASSWORD), 204)
    owner = signed_in(world)
    owner.get(TEAM)
    refused = owner.send(action, {"action": "invite_again"})
    assert refused.status_code == 409
    assert "No invitation of theirs waits" in refused.text


def test_a_role_is_given_with_a_reason_and_what_was_typed_stays_where_it_lacks_one(
    world: World,
) -> None:
    owner, support = signed_in(world), signed_in(world, AdminRole.SUPPORT)
    page = owner.get(TEAM).text
    (action,) = set(re.findall(r'action="(/console/team/[^"]+)"', page))
    refused = owner.send(action, {"action": "change_role", "admin_role": "finance", "reason": ""})
    assert refused.status_code == 422
    assert re.search(r'value="finance" selected', refused.text)
    owner.get(TEAM)
    done = owner.send(
        action, {"action": "change_role", "admin_role": "finance", "reason": "new desk"}
    )
    assert done.headers["location"].endswith("done=admin_changed")
    assert support.get("/console/waiting").headers["location"].startswith("/signin")
    assert "new desk" in owner.get("/console/lists/logs?target_type=admin").text


def test_nobody_is_offered_an_action_on_themselves(world: World) -> None:
    owner = signed_in(world)
    page = owner.get(TEAM).text
    assert 'action="/console/team/' not in page
    mine = ok(world.admin().get("/api/admin/admins"))["items"][0]["id"]
    form = owner.form(TEAM)
    answer = owner.post(f"{TEAM}/{mine}", form | {"action": "suspend", "reason": "holiday"})
    assert answer.status_code == 409
    assert "your own account" in answer.text
    assert owner.get(TEAM).status_code == 200


def test_each_right_is_told_in_words(world: World) -> None:
    for language in ("en", "hi"):
        granted = set(Permission) - {
            Permission.BE_WORKER,
            Permission.BE_EMPLOYER,
            Permission.POST_JOBS,
            Permission.BUY_LEADS,
            Permission.MANAGE_COMPANY,
            Permission.SIGN_OUT,
            Permission.BE_ADMIN,
        }
        assert [each for each in granted if not has_words(language, f"console.may.{each}")] == []
        assert [r for r in AdminRole if not has_words(language, f"console.role_text.{r}")] == []
