"""Pages of administrators: who waits, texts and companies to check, finding, the second factor."""

from uuid import UUID

import pyotp
import pytest

from app.attempts.work import Kind
from app.identity.models import Role
from app.identity.rules import AdminRole
from app.moderation.bulk import ItemState, Target
from app.moderation.bulk import Verb as BulkVerb
from app.policy.policy import default_policy
from app.web.console.lists import TABLES
from app.web.console.setting_fields import fields_of
from app.web.console.settings import SECTIONS
from app.web.site import has_words
from tests.support.app_harness import PASSWORD, World
from tests.support.page_reader import PageReader

PAGES = (
    "/console",
    "/console/waiting",
    "/console/review",
    "/console/companies",
    "/console/find",
    "/console/second-factor",
    "/console/money",
    "/console/market",
    "/console/market?days=7&city=Pune",
    "/console/settings",
    "/console/settings/history",
    *(f"/console/settings/{section}" for section in SECTIONS),
    "/console/bulk/new",
    "/console/bulk/new?target=jobs",
    *(f"/console/lists/{name}" for name in TABLES),
)


def signed_in(world: World, role: AdminRole = AdminRole.OWNER) -> PageReader:
    person = world.admin(role)
    reader = PageReader(world.url)
    reader.get("/signin")
    answer = reader.send("/signin", {"email": str(person.email), "password": PASSWORD})
    assert answer.headers["location"] == "/console", answer.text
    return reader


def held_job(world: World) -> str:
    company = world.employer()
    job = world.job(
        company, publish=False, description="Pay a registration fee of 500 rupees before you join."
    )
    company.post(f"/api/employers/jobs/{job['id']}/publish")
    return str(job["id"])


def test_every_page_of_the_console_opens_and_an_employer_sees_none(world: World) -> None:
    owner = signed_in(world)
    for path in PAGES:
        assert owner.get(path).status_code == 200, path
    owner.language = "hi"
    for path in PAGES:
        page = owner.get(path)
        assert page.status_code == 200, path
        assert 'lang="hi"' in page.text
    company = PageReader(world.url)
    company.sign_up()
    for path in PAGES:
        answer = company.get(path)
        # Not to the sign-in, which leads whoever is signed in back here.
        assert (answer.status_code, "another kind of account" in answer.text) == (403, True), path


def test_an_administrator_sees_no_page_of_an_employer(world: World) -> None:
    owner = signed_in(world)
    for path in (
        "/overview",
        "/jobs",
        "/jobs/new",
        "/payments",
        "/company",
        f"/jobs/{UUID(int=1)}",
    ):
        answer = owner.get(path)
        assert (answer.status_code, "another kind of account" in answer.text) == (403, True), path


@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_word_that_a_list_can_show_is_said_in_both_languages(language: str) -> None:
    said = {
        str(each)
        for table in TABLES.values()
        for one in table.filters
        for each in one.choices or ()
    }
    said |= {
        str(each) for kind in (Kind, AdminRole, Role, BulkVerb, Target, ItemState) for each in kind
    }
    missing = {word for word in said if not has_words(language, f"console.is.{word}")}
    assert missing == set()
    for table in TABLES.values():
        keys = [table.title, *(column.label for column in table.columns)]
        keys += [f"console.column.{one.name}" for one in table.filters]
        keys += [f"console.do.{action.name}" for action in table.actions]
        assert [key for key in keys if not has_words(language, key)] == [], table.name


@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_setting_has_its_explanation_in_both_languages(language: str) -> None:
    values = default_policy("INR").model_dump(mode="json")
    for section in SECTIONS:
        keys = [f"console.section.{section}", f"console.section_text.{section}"]
        for field in fields_of(section, values[section]):
            own = "coupons" if section == "coupons" else f"{section}.{field.key}"
            keys.append(f"console.setting.{own}")
        assert [key for key in keys if not has_words(language, key)] == []


def test_a_held_text_is_read_and_approved_or_declined(world: World) -> None:
    first, second = held_job(world), held_job(world)
    owner = signed_in(world)
    assert "Waiter for Saturday brunch" in owner.get("/console/review").text
    text = owner.get(f"/console/jobs/{first}").text
    assert "<mark>Pay a registration fee" in text
    assert owner.send(f"/console/jobs/{first}", {"action": "approve"}).status_code == 303
    owner.get(f"/console/jobs/{second}")
    refused = owner.send(f"/console/jobs/{second}", {"action": "decline"})
    assert refused.status_code == 422
    owner.get(f"/console/jobs/{second}")
    answer = owner.send(f"/console/jobs/{second}", {"action": "decline", "reason": "asks a fee"})
    assert answer.status_code == 303
    assert "Nothing is waiting here." in owner.get("/console/review").text


def test_a_company_is_verified_and_suspended_with_a_reason(world: World) -> None:
    company = world.employer(company_name="Cafe Deccan")
    owner = signed_in(world)
    assert "Cafe Deccan" in owner.get("/console/companies").text
    path = f"/console/companies/{company.id}"
    owner.get(path)
    assert owner.send(path, {"action": "verify", "reason": "papers seen"}).status_code == 303
    assert "Cafe Deccan" not in owner.get("/console/companies").text
    owner.get(path)
    assert owner.send(path, {"action": "suspend"}).status_code == 422
    owner.get(path)
    assert owner.send(path, {"action": "suspend", "reason": "cheats"}).status_code == 303
    assert company.get("/api/auth/me").status_code == 401


def test_somebody_who_waits_is_taken_answered_and_handed_back(world: World) -> None:
    asha = world.worker()
    world.says(str(asha.phone), "human")
    owner = signed_in(world)
    page = owner.get("/console/waiting").text
    assert "asked for a person" in page
    path = page.split('href="/console/waiting/')[1].split('"')[0]
    path = f"/console/waiting/{path}"
    owner.get(path)
    assert owner.send(f"{path}/take", {}).status_code == 303
    owner.get(path)
    assert owner.send(f"{path}/reply", {"text": ""}).status_code == 422
    owner.get(path)
    owner.send(f"{path}/reply", {"text": "Hello, this is Meera of the team."})
    assert "Meera of the team" in world.messages(str(asha.phone))[-1]["text"]
    owner.get(path)
    owner.send(f"{path}/hand-back", {})
    assert "Nobody waits." in owner.get("/console/waiting").text


def test_one_box_finds_people_and_companies(world: World) -> None:
    company = world.employer(company_name="Cafe Deccan", email="deccan@example.com")
    owner = signed_in(world)
    for text in ("deccan", "deccan@example.com", company.id):
        found = owner.get("/console/find", params={"q": text})
        assert f'href="/console/companies/{company.id}"' in found.text, text
    assert "Nothing was found" in owner.get("/console/find", params={"q": "zzzzqqq"}).text


def test_a_role_does_only_what_is_granted_to_it(world: World) -> None:
    job = held_job(world)
    finance = signed_in(world, AdminRole.FINANCE)
    assert "Approve" not in finance.get(f"/console/jobs/{job}").text
    assert finance.get("/console/waiting").status_code == 403
    finance.get("/console/find")
    token = finance.form("/signout")["form_token"]
    assert (
        finance.post(
            f"/console/jobs/{job}", {"form_token": token, "action": "cancel", "reason": "x"}
        ).status_code
        == 403
    )


def test_a_second_factor_is_set_up_and_asked_for(world: World) -> None:
    owner = signed_in(world)
    owner.get("/console/second-factor")
    assert (
        "not your current password"
        in owner.send("/console/second-factor", {"current_password": "another one"}).text
    )
    owner.get("/console/second-factor")
    shown = owner.send("/console/second-factor", {"current_password": PASSWORD}).text
    secret = shown.split("<code>")[1].split("</code>")[0]
    code = pyotp.TOTP(secret).at(world.clock.now)
    wrong = owner.send("/console/second-factor/confirm", {"code": "000000"})
    assert wrong.status_code in {409, 422}
    assert secret in wrong.text
    done = owner.send("/console/second-factor/confirm", {"code": code})
    assert "Recovery codes" in done.text
    world.clock.advance(minutes=5)
    later = PageReader(world.url)
    assert "Authenticator code" not in later.get("/signin").text
    values = {"email": "admin@example.com", "password": PASSWORD}
    asked = later.send("/signin", values)
    assert asked.status_code == 409
    assert 'name="totp"' in asked.text
    assert 'value="admin@example.com"' in asked.text
    code = pyotp.TOTP(secret).at(world.clock.now)
    assert later.send("/signin", values | {"totp": code}).headers["location"] == "/console"
