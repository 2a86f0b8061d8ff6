"""The team's page: inviting, rights, removing, who did what; and what each role sees of the other pages."""

import pytest

from app.identity.permissions import TEAM_GRANTS
from app.identity.rules import TeamRole
from app.main import PAGE_ROUTERS
from tests.employers.test_team_roles import permission_of
from tests.support.app_harness import PASSWORD, World
from tests.support.page_reader import PageReader
from tests.support.team import invitation_token, newest_member
from tests.web.test_pages import JOB, draft


@pytest.fixture
def owner(world: World) -> PageReader:
    reader = PageReader(world.url)
    reader.sign_up()
    return reader


def joined(world: World, owner: PageReader, role: str, **more: str) -> PageReader:
    """Return the browser of somebody whom the owner invited by mail."""
    owner.get("/team")
    email = f"{role}{more.get('limit', '')}@example.com"
    answer = owner.send("/team", {"email": email, "role": role, "name": "Meera Nair", **more})
    assert answer.status_code == 303, answer.text
    body = {"token": invitation_token(world, newest_member(world)), "password": PASSWORD}
    assert world.http.post("/api/auth/password/reset", json=body).status_code == 204
    reader = PageReader(world.url)
    reader.get("/signin")
    reader.send("/signin", {"email": email, "password": PASSWORD})
    return reader


def test_an_owner_invites_limits_and_removes(world: World, owner: PageReader) -> None:
    manager = joined(world, owner, "manager", limit="500")
    text = owner.open("/team").text
    for said in (
        "Meera Nair",
        "manager500@example.com",
        "Manager",
        "₹0 of ₹500",
        "invited somebody",
    ):
        assert said in text, said
    hindi = PageReader(world.url, cookies=owner.cookies | {"__Host-language": "hi"})
    assert "₹0 · सीमा ₹500" in hindi.get("/team").text
    draft(manager)
    assert "wrote a job" in owner.open("/team").text
    member = f"/team/{newest_member(world)}"
    wrong = owner.send(member, {"role": "manager", "limit": "much", "do": "change"})
    assert wrong.status_code == 422
    assert "Use digits only." in wrong.text
    assert 'value="much"' in wrong.text
    owner.open("/team")
    owner.send(member, {"role": "viewer", "limit": "", "do": "change"})
    assert "Viewer" in owner.open("/team").text
    assert manager.get("/jobs/new").status_code == 403
    owner.open("/team")
    owner.send(member, {"do": "remove"})
    assert "Removed, and signed out everywhere." in owner.open("/team?done=member_removed").text
    assert manager.get("/jobs").status_code == 303
    assert "Meera Nair" in owner.open("/team").text  # who wrote the job


def test_what_is_wrong_with_an_invitation_is_said(world: World, owner: PageReader) -> None:
    owner.get("/team")
    for typed, said in (
        ({"role": "viewer"}, "Give a mail address or a phone, one of them."),
        ({"role": "viewer", "email": "nobody"}, "email-wrong"),
        ({"role": "viewer", "phone": "12"}, "phone-wrong"),
        ({"role": "viewer", "email": "a@example.com", "limit": "-1"}, "limit-wrong"),
        ({"role": "viewer", "email": "rustom1@example.com"}, "in your team already"),
    ):
        answer = owner.send("/team", typed)
        assert answer.status_code in {409, 422}
        assert said in answer.text, typed


def test_the_last_owner_is_told_why_they_stay(world: World, owner: PageReader) -> None:
    owner.open("/team")
    answer = owner.send(f"/team/{newest_member(world)}", {"do": "remove"})
    assert answer.status_code == 409
    assert "make another owner first" in answer.text


def test_a_second_press_invites_once(world: World, owner: PageReader) -> None:
    owner.get("/team")
    form = owner.form("/team") | {"email": "twice@example.com", "role": "viewer"}
    assert [owner.post("/team", form).status_code for _ in range(2)] == [303, 303]
    assert owner.open("/team").text.count("twice@example.com") == 1


def test_a_second_press_removes_once(world: World, owner: PageReader) -> None:
    joined(world, owner, "manager")
    owner.open("/team")
    member = f"/team/{newest_member(world)}"
    form = owner.form(member) | {"do": "remove"}
    for _ in range(2):
        answer = owner.post(member, form)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/team?done=member_removed"


def test_a_refused_limit_keeps_the_role_that_was_chosen(
    sqlite_world: World,
) -> None:
    owner = PageReader(sqlite_world.url)
    owner.sign_up()
    joined(sqlite_world, owner, "manager")
    owner.open("/team")
    id_ = newest_member(sqlite_world)
    answer = owner.send(f"/team/{id_}", {"role": "viewer", "limit": "much", "do": "change"})
    assert answer.status_code == 422
    select = answer.text.partition(f'id="role-{id_}"')[2].partition("</select>")[0]
    assert '<option value="viewer" selected>' in select
    assert select.count(" selected") == 1


def test_a_viewer_sees_everything_and_no_button_that_changes_it(
    world: World, owner: PageReader
) -> None:
    path = draft(owner)
    viewer = joined(world, owner, "viewer")
    for page in (
        "/overview",
        "/jobs",
        path,
        "/payments",
        "/invoices",
        "/balance",
        "/company",
        "/team",
    ):
        answer = viewer.open(page)
        assert answer.status_code == 200, page
        for action in ("/jobs/new", f"{path}/publish", f"{path}/cancel", f"{path}/repeat"):
            assert f'"{action}"' not in answer.text, (page, action)
    assert 'action="/team"' not in viewer.open("/team").text
    token = viewer.form("/signout")["form_token"]
    for action in ("/jobs/new", f"{path}/publish", f"{path}/cancel", "/team", "/company"):
        answer = viewer.post(action, JOB | {"form_token": token, "do": "publish"})
        assert answer.status_code == 403, action
    assert "Draft" in owner.open(path).text


def test_every_page_of_employers_asks_for_a_permission_that_a_role_has() -> None:
    """What a page's route asks for is in the table; one that changes something asks for more than reading."""
    personal = {"/company/language", "/company/sessions/end"}
    pages = [
        (method, str(getattr(route, "path", "")), permission_of(route))
        for router in PAGE_ROUTERS
        for route in router.routes
        for method in getattr(route, "methods", ())
        if getattr(route, "path", "").startswith(
            ("/overview", "/jobs", "/payments", "/invoices", "/balance", "/company", "/team")
        )
    ]
    assert len(pages) > 20
    for method, path, permission in pages:
        assert permission in TEAM_GRANTS, path
        if method == "POST" and path not in personal:
            assert TeamRole.VIEWER not in TEAM_GRANTS[permission], path  # type: ignore[index]
