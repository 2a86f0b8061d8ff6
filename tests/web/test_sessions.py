"""Who may see a page, and whose forms count."""

from typing import Any
from uuid import UUID

import httpx
import pyotp
import pytest
from starlette.routing import Route

from app.identity import second_factor
from app.identity.models import Role
from app.main import PAGE_ROUTERS
from app.web.visitors import IDLE
from tests.identity.test_employer_codes import opened as opened_by_phone
from tests.identity.test_employer_codes import prove
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok
from tests.support.page_reader import PageReader

PUBLIC = {
    "/language/{language}",
    "/check",
    "/help",
    "/help/{topic}",
    "/signup",
    "/signup/code",
    "/signin",
    "/signin/phone",
    "/signin/code",
    "/forgot",
    "/signout",
}
NOWHERE = "01930f5e-7c1a-7a64-9d2f-3f6f1c1f0a01"


def paths(method: str) -> list[str]:
    return sorted(
        route.path
        for router in PAGE_ROUTERS
        for route in router.routes
        if isinstance(route, Route) and method in (route.methods or ()) and route.path not in PUBLIC
    )


def at(path: str) -> str:
    for name in ("job_id", "match_id", "invoice_id"):
        path = path.replace(f"{{{name}}}", NOWHERE)
    return path


@pytest.fixture
def owner(world: World) -> PageReader:
    reader = PageReader(world.url)
    reader.sign_up()
    return reader


def test_whoever_is_not_signed_in_is_asked_to_and_led_back(world: World) -> None:
    for path in paths("GET"):
        answer = PageReader(world.url).get(at(path))
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/signin?next="), path


def test_a_form_of_nobody_is_refused(world: World) -> None:
    for path in paths("POST"):
        assert PageReader(world.url).post(at(path), {}).status_code == 403, path


def test_a_form_without_the_token_of_this_session_changes_nothing(
    world: World, owner: PageReader
) -> None:
    stranger = PageReader(world.url)
    stranger.sign_up(2)
    stranger.get("/company")
    theirs = stranger.form("/company")["form_token"]
    for values in ({}, {"form_token": ""}, {"form_token": "é"}, {"form_token": theirs}):
        answer = owner.post("/company", values | {"company_name": "Another"})
        assert answer.status_code == 403
        assert "load the page again" in answer.text
    assert "Cafe Deccan 1" in owner.open("/company").text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_that_another_site_sends_changes_nothing(
    world: World, owner: PageReader, headers: dict[str, str]
) -> None:
    owner.get("/company")
    answer = owner.send("/company", {"company_name": "Another"}, headers=headers)
    assert answer.status_code == 403
    assert "Cafe Deccan 1" in owner.open("/company").text


def test_signing_out_ends_the_session_in_every_copy_of_the_browser(
    world: World, owner: PageReader
) -> None:
    copy = PageReader(world.url, cookies=dict(owner.cookies))
    assert copy.get("/overview").status_code == 200
    owner.get("/overview")
    assert owner.send("/signout", {}).status_code == 303
    assert copy.get("/overview").headers["location"].startswith("/signin")
    assert copy.get(f"/jobs/{NOWHERE}/events").status_code == 303


def test_the_session_is_one_of_the_apis(world: World, owner: PageReader) -> None:
    owner.get("/overview")
    api = world.sign_in("rustom1@example.com", role="employer", password="a busy cafe on hill road")
    ok(
        api.post(
            "/api/auth/password/change",
            {"current_password": "a busy cafe on hill road", "password": "a new and long sentence"},
        ),
        204,
    )
    assert owner.get("/overview").headers["location"].startswith("/signin")


def test_a_browser_left_alone_has_to_sign_in_again(world: World, owner: PageReader) -> None:
    world.clock.advance(seconds=IDLE[Role.EMPLOYER].total_seconds() - 60)
    assert owner.get("/overview").status_code == 200  # and that counts from now
    world.clock.advance(seconds=IDLE[Role.EMPLOYER].total_seconds() - 60)
    assert owner.get("/overview").status_code == 200
    world.clock.advance(seconds=IDLE[Role.EMPLOYER].total_seconds() + 60)
    assert owner.get("/overview").headers["location"] == "/signin?next=/overview"


def test_a_form_of_a_page_left_open_too_long_leads_to_the_sign_in(
    world: World, owner: PageReader
) -> None:
    owner.get("/company")
    world.clock.advance(seconds=IDLE[Role.EMPLOYER].total_seconds() + 60)
    answer = owner.send("/company", {"company_name": "Another"})
    assert answer.headers["location"] == "/signin?done=session_over"
    assert "Your session is over" in owner.open(answer.headers["location"]).text


def test_the_cookie_can_be_read_by_no_script_and_set_by_no_other_host(world: World) -> None:
    reader = PageReader(world.url)
    reader.get("/signup")
    values = reader.form("/signup") | {
        "company_name": "Cafe Deccan",
        "contact_name": "Rustom Irani",
        "email": "rustom@example.com",
        "password": "a busy cafe on hill road",
    }
    answer = reader.post("/signup", values)
    [cookie] = [c for c in answer.headers.get_list("set-cookie") if "session" in c]
    assert cookie.startswith("__Host-session=")
    for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("cookie", ["", "x", "AAAA", "é", "%00", "a" * 4000])
def test_a_cookie_that_we_did_not_make_is_nobodys(world: World, cookie: str) -> None:
    headers = {b"Cookie": f"__Host-session={cookie}".encode()}
    answer = httpx.get(f"{world.url}/overview", headers=headers)
    assert answer.status_code == 303


def test_pages_keep_other_peoples_scripts_out(world: World, owner: PageReader) -> None:
    for path in ("/", "/help", "/overview", "/jobs", "/jobs/new", "/balance"):
        policy = owner.get(path).headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "<script>" not in owner.get(path).text
        assert " style=" not in owner.get(path).text


def test_the_sign_in_leads_back_but_never_to_another_site(world: World) -> None:
    world.employer(email="owner@example.com")
    for wanted, led in (
        ("/jobs/new", "/jobs/new"),
        ("https://elsewhere.example/", "/overview"),
        ("//elsewhere.example/", "/overview"),
        ("/\\elsewhere.example/", "/overview"),
    ):
        reader = PageReader(world.url)
        reader.get("/signin", params={"next": wanted})
        answer = reader.send("/signin", {"email": "owner@example.com", "password": PASSWORD})
        assert answer.headers["location"] == led


def test_wrong_and_unknown_are_told_alike(world: World) -> None:
    world.employer(email="owner@example.com")
    pages = []
    for email in ("owner@example.com", "nobody@example.com"):
        reader = PageReader(world.url)
        reader.get("/signin")
        answer = reader.send("/signin", {"email": email, "password": "not the password at all"})
        assert answer.status_code == 409
        assert 'name="totp"' in answer.text, "who has no such account is asked for a code, too"
        pages.append(answer.text.split("<main", 1)[1].split("<form")[0])
    assert pages[0] == pages[1]


def test_an_account_is_opened_by_a_code_that_comes_to_the_phone(world: World) -> None:
    phone = "+919812345670"
    reader = PageReader(world.url)
    reader.get("/signup")
    reader.send(
        "/signup",
        {"company_name": "Cafe Deccan", "contact_name": "Rustom Irani", "phone": phone},
    )
    code = world.code_for(phone)
    wrong = "000000" if code != "000000" else "111111"
    answer = reader.send("/signup/code", {"code": wrong})
    assert answer.status_code == 409
    assert "not the code we sent" in answer.text
    assert reader.send("/signup/code", {"code": code}).headers["location"].startswith("/overview")
    assert "Cafe Deccan" in reader.open("/overview").text

    # And comes back by a code, too.
    later = PageReader(world.url)
    later.get("/signin")
    later.send("/signin/phone", {"phone": phone})
    answer = later.send("/signin/code", {"code": world.code_for(phone)})
    assert answer.headers["location"] == "/overview"


def test_nobody_opens_a_company_for_a_phone_without_its_code(world: World) -> None:
    reader, thief = PageReader(world.url), PageReader(world.url)
    reader.get("/signup")
    reader.send(
        "/signup",
        {"company_name": "Cafe", "contact_name": "Rustom Irani", "phone": "+919812345670"},
    )
    code = world.code_for("+919812345670")
    kept = reader.form("/signup/code")["kept"]
    thief.get("/signup")
    thief.post(
        "/signup/code",
        {"form_token": thief.form("/signup")["form_token"], "kept": kept, "code": code},
    )
    assert thief.get("/overview").status_code == 303


def _with_a_second_factor(world: World, employer_id: str) -> pyotp.TOTP:
    secret = pyotp.random_base32()

    async def write(session: Any) -> None:
        await second_factor.set_secret(session, UUID(employer_id), secret, now=world.clock())

    world.in_session(write)
    return pyotp.TOTP(secret)


def test_the_code_of_an_authenticator_is_asked_for_beside_the_code_from_the_phone(
    world: World,
) -> None:
    phone = "+919812345670"
    owner = opened_by_phone(world, phone)
    app = _with_a_second_factor(world, str(owner))
    later = PageReader(world.url)
    later.get("/signin")
    asked = later.send("/signin/phone", {"phone": phone}).text
    assert 'name="totp"' in asked, "before the code is used up"
    assert "<details>" in asked, "folded, as most have no such app"
    answer = later.send("/signin/code", {"code": world.code_for(phone)})
    assert answer.status_code == 409
    assert "<details open>" in answer.text
    later.get("/signin")
    later.send("/signin/phone", {"phone": phone})
    typed = {"code": world.code_for(phone), "totp": app.at(world.clock.now)}
    answer = later.send("/signin/code", typed)
    assert answer.headers["location"] == "/overview"


def test_of_several_companies_one_is_chosen_and_no_code_typed_again(world: World) -> None:
    phone = "+919812345670"
    opened_by_phone(world, phone)
    other = world.employer(phone=phone)
    prove(world, other.id, phone)
    app = _with_a_second_factor(world, other.id)
    reader = PageReader(world.url)
    reader.get("/signin")
    reader.send("/signin/phone", {"phone": phone})
    typed = {"code": world.code_for(phone), "totp": app.at(world.clock.now)}
    assert "Which company?" in reader.send("/signin/code", typed).text
    assert reader.send("/signin/code", {"employer_id": other.id}).status_code == 303
    assert ok(other.get("/api/employers/profile"))["company_name"] in reader.open("/company").text


def test_a_second_press_of_create_account_signs_in(world: World) -> None:
    reader = PageReader(world.url)
    reader.sign_up()
    again = PageReader(world.url)
    again.sign_up()
    assert again.get("/overview").status_code == 200


def test_a_part_of_a_page_is_never_the_sign_in(sqlite_world: World) -> None:
    """A script follows a redirect by itself: it is told to leave its page instead."""
    stranger = PageReader(sqlite_world.url)
    over = "/signin?done=session_over"
    for path in ("/console/waiting/now", f"/console/bulk/{NOWHERE}/now", f"/jobs/{NOWHERE}/events"):
        answer = stranger.get(path, headers={"HX-Request": "true"})
        assert answer.status_code == 401, path
        assert answer.headers["hx-redirect"] == over, path
        assert answer.text == "", path
    events = {"Accept": "text/html, text/event-stream"}
    assert stranger.get(f"/jobs/{NOWHERE}/events", headers=events).status_code == 401
    owner = PageReader(sqlite_world.url)
    owner.sign_up()
    owner.get("/jobs/new")
    form = owner.form("/jobs/new")
    sqlite_world.clock.advance(seconds=IDLE[Role.EMPLOYER].total_seconds() + 60)
    answer = owner.post("/jobs/forecast", form, headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == over
    assert "Your session is over" in owner.open(over).text


def test_a_part_of_a_page_is_never_the_page_of_an_error(sqlite_world: World) -> None:
    owner = PageReader(sqlite_world.url)
    owner.sign_up()
    script = {"HX-Request": "true"}
    for answer in (
        owner.get(f"/jobs/{NOWHERE}/events", headers=script),
        owner.get("/console/waiting/now", headers=script),
        owner.post("/jobs/forecast", {}, headers=script),
    ):
        assert answer.status_code in {403, 404}
        assert answer.headers["hx-reswap"] == "none"
    assert "hx-reswap" not in owner.get(f"/jobs/{NOWHERE}").headers
