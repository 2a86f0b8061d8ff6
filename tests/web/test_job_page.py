"""A job's page: who said yes side by side, paying out of the balance or on the page, the contacts."""

import datetime as dt
import html
import re
from urllib.parse import unquote
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest

from app.offers.links import payment_link
from app.texts import catalogue
from app.web import jobs as job_pages
from tests.support import leads
from tests.support.app_harness import BANDRA, PASSWORD, Person, World
from tests.support.assertions import ok
from tests.support.page_reader import PageReader
from tests.support.team import member_of

DUBAI = {"latitude": 25.2, "longitude": 55.27}


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


def test_whoever_is_not_on_the_first_page_is_on_the_next(
    world: World, employer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_pages, "MOST_LEADS", 1)
    asked = [
        world.worker(name=name, location=BANDRA, slots=["saturday"]) for name in ("Asha", "Vijay")
    ]
    job = world.job(employer, location=BANDRA, positions=3)
    world.settle()
    for worker in asked:
        match = world.offers(worker)[0]["id"]
        world.accept(worker, match)
        mine = leads.Lead(world, employer, worker, job["id"], match)
        mine.buy()
    page, owner = f"/jobs/{job['id']}", signed_in(world, employer)
    phones = [worker.phone or "" for worker in asked]
    seen, stream = [], ""
    for _ in asked:
        text = owner.get(page).text
        seen += [phone for phone in phones if f'href="tel:{phone}"' in text]
        stream = text.partition('hx-sse:connect="')[2].partition('"')[0]
        more = re.search(r'rel="next" href="([^"]+)"', text)
        page = html.unescape(more[1]) if more else ""
    assert sorted(seen) == sorted(phones)
    assert page == ""
    cookies = "; ".join(f"{name}={value}" for name, value in owner.cookies.items())
    address = html.unescape(stream).replace("seen=", "seen=older")
    with httpx.stream("GET", f"{world.url}{address}", headers={"Cookie": cookies}) as events:
        said = next(line for line in events.iter_lines() if "tel:" in line)
    assert seen[-1] in said  # the stream is of the same page
    assert owner.get(f"/jobs/{job['id']}?cursor=foreign").status_code in {404, 422}


def test_a_contact_shows_until_when_it_can_be_reported_and_when_the_report_decides_itself(
    world: World, employer: Person
) -> None:
    ok(employer.put("/api/employers/profile", {"city": "Dubai", "location": DUBAI}))
    mine = leads.lead(world, employer)
    mine.buy()
    page, owner = f"/jobs/{mine.job_id}", signed_in(world, employer)
    bought_at = world.clock.now.astimezone(ZoneInfo("Asia/Dubai"))

    def told(after: dt.timedelta) -> str:
        reader = catalogue.format_context("en", {"reader_zone": "Asia/Dubai"}, world.clock.now)
        return catalogue.format_value("when", (bought_at + after).isoformat(), reader)

    text = owner.get(page).text
    assert f"you can report this contact until {told(dt.timedelta(days=7))}" in text
    assert f"nobody answers can be reported from {told(dt.timedelta(days=2))}" in text
    world.clock.advance(hours=49)
    report = f"{page}/leads/{mine.id}/report"
    text = owner.get(page).text
    assert "can be reported from" not in text
    assert f'href="{report}"' in text
    owner.get(report)
    owner.send(report, {"reason": "no_answer"})
    text = owner.get(page).text
    assert f"your money goes back: {told(dt.timedelta(hours=73))}" in text
    assert f'href="{report}"' not in text
    assert "हमने उनसे पूछा है" in owner.get(page, headers={"Accept-Language": "hi"}).text
    world.clock.advance(hours=25)
    world.settle()
    assert "your money went back" in owner.get(page).text


def test_a_contact_says_that_its_guarantee_is_over(world: World, employer: Person) -> None:
    mine = leads.lead(world, employer)
    mine.buy()
    owner = signed_in(world, employer)
    world.clock.advance(days=7)
    assert "/report" in owner.get(f"/jobs/{mine.job_id}").text
    world.clock.advance(seconds=1)
    text = owner.get(f"/jobs/{mine.job_id}").text
    assert "The guarantee of this contact ended" in text
    assert "/report" not in text
