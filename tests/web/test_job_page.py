"""A job's page: who said yes side by side, paying out of the balance or on the page, the contacts."""

from urllib.parse import unquote
from uuid import UUID

import pytest

from app.offers.links import payment_link
from tests.support import leads
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok
from tests.support.page_reader import PageReader
from tests.support.team import member_of


@pytest.fixture
def employer(world: World) -> Person:
    return world.employer(verified=True, company_name="Cafe Deccan")


def signed_in(world: World, person: Person) -> PageReader:
    reader = PageReader(world.url)
    reader.get("/signin")
    reader.send("/signin", {"email": person.email, "password": PASSWORD})
    return reader


def test_a_contact_is_paid_out_of_the_balance_or_on_the_page(
    world: World, employer: Person
) -> None:
    mine = leads.lead(world, employer)
    page, owner = f"/jobs/{mine.job_id}", signed_in(world, employer)
    assert "out of your balance" not in owner.get(page).text
    pack = ok(employer.post("/api/employers/balance/top-ups", {"pack": "small"}), 202)
    world.pay(pack["checkout_url"])
    text = owner.get(page).text
    assert "out of your balance" in text
    assert "Pay on the page" in text
    unlock = f"{page}/leads/{mine.id}/unlock"
    there = owner.send(unlock, {"pay_with": "page"}).headers["location"]
    assert there.startswith("http")
    owner.get(page)
    assert "done=unlocked" in owner.send(unlock, {"pay_with": "balance"}).headers["location"]
    text = owner.get(page).text
    phone = mine.worker.phone or ""
    assert f'href="tel:{phone}"' in text
    assert "First message" in text
    assert "this is Cafe Deccan" in unquote(text.replace("+", " "))
    assert phone[1:] in text


def test_who_may_only_look_sees_who_said_yes_and_no_way_to_pay(
    world: World, employer: Person
) -> None:
    mine = leads.lead(world, employer)
    viewer = member_of(world, employer, "viewer")
    reader = PageReader(world.url)
    reader.get("/signin")
    ok(world.http.post("/api/auth/otp", json={"phone": viewer.phone}), 202)
    world.settle()
    reader.send("/signin/phone", {"phone": viewer.phone})
    world.settle()
    code = world.code_for(viewer.phone or "")
    reader.send("/signin/code", {"phone": viewer.phone, "code": code})
    text = reader.get(f"/jobs/{mine.job_id}").text
    assert "Who said yes" in text
    assert "/unlock" not in text
    assert "Pay for" not in text


def test_the_page_of_a_payment_link_leads_back(world: World, employer: Person) -> None:
    mine = leads.lead(world, employer)
    page = mine.begin()
    world.pay(page["checkout_url"])
    owner = signed_in(world, employer)
    order = ok(employer.get(f"/api/employers/orders/{page['payment_id']}"))
    assert order["status"] == "succeeded"
    link = payment_link(world.runtime.keyring, "", UUID(mine.id))
    text = owner.get(link).text
    assert f'href="/jobs/{mine.job_id}"' in text
    assert "Back to Partimer" in text
