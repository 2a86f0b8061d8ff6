"""Buying a lead: who may, at what price, and that it costs once."""

import datetime as dt
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.employers.models import Employer
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.payments import purchase
from app.payments.provider import CheckoutRequest
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import Lead, at_once, later, lead
from tests.support.provider_faults import checkout_pages, stripe_fault


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def test_a_paid_lead_is_the_employer_s_for_good(world: World) -> None:
    mine = lead(world)
    assert mine.contact() is None
    page = mine.begin()
    assert set(page) == {"status", "payment_id", "checkout_url", "expires_at", "price", "quote"}
    assert (page["status"], page["price"]) == ("pending", {"amount": 4_900, "currency": "INR"})
    assert page["checkout_url"].rsplit("/", 1)[-1].startswith("cs_")
    world.pay(page["checkout_url"])
    phone = mine.worker.phone
    contact = {
        "name": "Asha Kulkarni",
        "phone": phone,
        "whatsapp_url": f"https://wa.me/{str(phone).removeprefix('+')}",
    }
    assert (mine.contact(), mine.shown["unlocked"]) == (contact, True)
    answer = ok(mine.unlock())
    assert (answer["status"], answer["contact"]) == ("unlocked", contact)
    assert answer["payment"]["id"] == page["payment_id"]
    assert answer["payment"]["status"] == "succeeded"
    assert len(checkout_pages(world, mine.id)) == 1
    assert leads.logged_actions(world, mine.id)[-1] == "lead.unlock"


def test_nothing_says_the_phone_before_it_is_paid(world: World) -> None:
    mine = lead(world)
    answers = [mine.unlock(), mine.employer.get("/api/employers/payments")]
    answers.append(mine.employer.get(f"/api/employers/jobs/{mine.job_id}/matches"))
    payment = mine.payment["id"]
    answers.append(mine.employer.get(f"/api/employers/payments/{payment}"))
    for answer in answers:
        assert str(mine.worker.phone)[3:] not in answer.text
        assert "Kulkarni" not in answer.text


def test_coming_back_from_the_page_unlocks_nothing(world: World) -> None:
    mine = lead(world)
    first = mine.begin()
    assert mine.begin() == first
    world.http.get(f"/employer/matches/{mine.id}?paid={first['payment_id']}")
    assert mine.contact() is None


def test_the_price_is_the_server_s(world: World) -> None:
    mine = lead(world)
    bodies: list[Any] = [{"price": 1}, {"amount": 1}, {"price": {"amount": 1}}, []]
    for body in bodies:
        assert mine.unlock(body).status_code == 422
    assert mine.payments() == []
    assert ok(mine.unlock({}), 202)["price"]["amount"] == 4_900


def test_another_s_lead_is_not_found(world: World) -> None:
    mine = lead(world)
    stranger = world.employer(verified=True)
    path = f"/api/employers/matches/{mine.id}"
    refused(stranger.post(f"{path}/unlock"), 404, "match_not_found")
    refused(stranger.post(f"{path}/report", {"reason": "other"}), 404, "match_not_found")
    payment = mine.begin()["payment_id"]
    refused(stranger.get(f"/api/employers/payments/{payment}"), 404, "payment_not_found")
    nowhere = "/api/employers/matches/0190b5a4-0000-7000-8000-000000000000/unlock"
    refused(mine.employer.post(nowhere), 404, "match_not_found")
    assert ok(stranger.get("/api/employers/payments"))["items"] == []


def test_only_an_accepted_offer_can_be_bought(world: World) -> None:
    waiting = lead(world, accept=False)
    refused(waiting.unlock(), 409, "match_not_accepted")
    path = f"/api/workers/offers/{waiting.id}/respond"
    ok(waiting.worker.post(path, {"response": "reject"}))
    refused(waiting.unlock(), 409, "match_not_accepted")
    withdrawn = lead(world)
    withdrawn.withdraw()
    refused(withdrawn.unlock(), 409, "match_not_accepted")
    assert checkout_pages(world, waiting.id) + checkout_pages(world, withdrawn.id) == []


def test_a_cancelled_job_s_leads_are_not_for_sale(world: World) -> None:
    mine = lead(world)
    ok(mine.employer.delete(f"/api/employers/jobs/{mine.job_id}"))
    refused(mine.unlock(), 409, "match_not_accepted")
    path = f"/api/admin/jobs/{mine.job_id}/action"
    ok(world.admin().post(path, {"action": "reopen", "reason": "cancelled by mistake"}))
    mine.buy()


def test_who_blocks_an_employer_is_not_sold_to_them(world: World) -> None:
    mine, kept = lead(world), lead(world)
    kept.buy()
    for one in (mine, kept):
        ok(one.worker.post("/api/workers/blocks", {"employer_id": one.employer.id}), 201)
    refused(mine.unlock(), 409, "match_not_accepted")
    assert mine.shown["status"] == "withdrawn"
    assert kept.phone_shown() == kept.worker.phone


def test_a_restricted_employer_reads_and_buys_nothing(world: World) -> None:
    mine, held = lead(world), None
    held = lead(world, mine.employer)
    held.buy()
    path = f"/api/admin/employers/{mine.employer.id}/action"
    ok(world.admin().post(path, {"action": "restrict", "reason": "harvesting"}))
    refused(mine.unlock(), 403, "account_restricted")
    assert ok(held.unlock())["status"] == "unlocked"
    ok(world.admin().post(path, {"action": "activate"}))
    mine.begin()


def test_fifty_clicks_at_once_open_one_page_and_cost_once(world: World) -> None:
    mine = lead(world)
    answers = [ok(answer, 202) for answer in at_once([mine.unlock] * 50)]
    assert len({(answer["payment_id"], answer["checkout_url"]) for answer in answers}) == 1
    assert len(checkout_pages(world, mine.id)) == len(mine.payments()) == 1
    world.pay(answers[0]["checkout_url"])
    contacts = [ok(answer)["contact"] for answer in at_once([mine.unlock] * 10)]
    assert {contact["phone"] for contact in contacts} == {mine.worker.phone}
    charged = [page for page in checkout_pages(world, mine.id) if page["payment_status"] == "paid"]
    assert len(charged) == 1


@contextmanager
def working_on(world: World, employer: Person) -> Iterator[None]:
    """Somebody's transaction about this employer that does not come to its end."""

    async def begin() -> AsyncExitStack:
        until = AsyncExitStack()
        session = await until.enter_async_context(world.runtime.database.begin())
        row = select(Employer.id).where(Employer.id == UUID(employer.id)).with_for_update()
        await session.execute(row)
        return until

    until = world.run(begin())
    try:
        yield
    finally:
        world.run(until.aclose())


def test_clicks_that_wait_too_long_are_told_when_to_try_again_and_nothing_is_lost(
    world: World,
) -> None:
    mine = lead(world)
    with working_on(world, mine.employer):
        for answer in at_once([mine.unlock] * 3):
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) > 0
    assert mine.payments() == []
    assert checkout_pages(world, mine.id) == []
    mine.buy()
    assert len(mine.payments()) == 1


def test_a_page_whose_time_is_over_is_replaced_although_nobody_told_us(world: World) -> None:
    mine = lead(world)
    first = mine.begin()
    stripe_fault(world, "lost", 6)
    later(world, mine, hours=2)
    again = mine.begin()
    stripe_fault(world, "lost", 0)
    assert again["checkout_url"] != first["checkout_url"]
    assert [one["status"] for one in mine.payments()] == ["expired", "pending"]
    mine.buy()


@pytest.fixture
def two_unverified(world: World) -> Iterator[Person]:
    """An unverified employer, where such a one may buy two leads."""
    path = "/api/admin/settings"
    ok(world.admin().put(path, {"limits": {"unlocks_before_verification": 2}}))
    yield world.employer()
    ok(world.admin().put(path, {"limits": {"unlocks_before_verification": 10}}))


def test_who_is_not_verified_buys_up_to_the_limit_however_fast(
    world: World, two_unverified: Person
) -> None:
    leads = [lead(world, two_unverified) for _ in range(4)]
    answers = at_once([one.unlock for one in leads])
    began = [one for one, answer in zip(leads, answers, strict=True) if answer.status_code == 202]
    assert len(began) == 2
    for answer in answers:
        if answer.status_code != 202:
            refused(answer, 403, "verification_required")
    for one in began:
        one.buy()
    others = [one for one in leads if one not in began]
    refused(others[0].unlock(), 403, "verification_required")
    path = f"/api/admin/employers/{two_unverified.id}/action"
    ok(world.admin().post(path, {"action": "verify"}))
    others[0].buy()


def test_a_declined_card_can_be_followed_by_another(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    world.pay(page["checkout_url"], "decline")
    assert mine.contact() is None
    payment = mine.payment
    assert (payment["status"], payment["failure_code"]) == ("pending", "generic_decline")
    assert mine.begin()["checkout_url"] == page["checkout_url"]
    world.pay(page["checkout_url"])
    assert mine.payment["failure_code"] is None
    assert mine.phone_shown() == mine.worker.phone


def test_the_bank_may_ask_the_card_s_owner_first(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    world.pay(page["checkout_url"], "require_action")
    assert mine.contact() is None
    world.pay(page["checkout_url"])
    assert mine.phone_shown() == mine.worker.phone


def test_a_slow_payment_unlocks_when_the_money_is_there(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    world.pay(page["checkout_url"], "process")
    assert (mine.payment["status"], mine.contact()) == ("processing", None)
    world.pay(page["checkout_url"])
    assert mine.phone_shown() == mine.worker.phone


def test_a_slow_payment_that_fails_can_be_tried_again(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    world.pay(page["checkout_url"], "process")
    world.pay(page["checkout_url"], "decline")
    assert mine.payment["status"] == "failed"
    again = mine.begin()
    assert again["payment_id"] != page["payment_id"]
    world.pay(again["checkout_url"])
    assert mine.shown["unlocked"]


def test_an_expired_page_gives_way_to_a_new_one(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    world.pay(page["checkout_url"], "expire")
    assert (mine.payment["status"], mine.payment["checkout_url"]) == ("expired", None)
    again = mine.begin()
    assert again["payment_id"] != page["payment_id"]
    assert again["checkout_url"] != page["checkout_url"]
    world.pay(again["checkout_url"])
    assert [payment["status"] for payment in mine.payments()] == ["expired", "succeeded"]


def test_a_page_whose_time_is_over_is_not_shown_again(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    ends = dt.datetime.fromisoformat(page["expires_at"])
    assert ends - world.clock() == dt.timedelta(minutes=60)
    later(world, mine, minutes=61)
    again = mine.begin()
    assert again["checkout_url"] != page["checkout_url"]
    world.settle()
    assert [payment["status"] for payment in mine.payments()] == ["expired", "pending"]


def test_the_price_is_the_one_of_the_offer(world: World) -> None:
    before = lead(world, category="events")
    path = "/api/admin/settings"
    prices: dict[str, Any] = {"lead_prices": {"by_category": {"events": 9_900}}}
    ok(world.admin().put(path, prices))
    after = lead(world, category="events")
    ok(world.admin().put(path, {"lead_prices": {"by_category": {}}}))
    assert (before.shown["price"]["amount"], after.shown["price"]["amount"]) == (4_900, 9_900)
    assert before.begin()["price"]["amount"] == 4_900
    assert after.begin()["price"]["amount"] == 9_900
    assert after.buy()["payment"]["price"] == {"amount": 9_900, "currency": "INR"}


@pytest.mark.parametrize(
    ("kind", "times"),
    # The client tries three times by itself, except where it is told to slow down; and an answered
    # 500 is given again for the same key.
    [("http_500", 1), ("rate_limited", 1), ("html_502", 3)],
)
def test_after_trouble_at_stripe_the_next_click_works(world: World, kind: str, times: int) -> None:
    mine = lead(world)
    stripe_fault(world, kind, times)
    refused(mine.unlock(), 503, "payments_unavailable")
    assert mine.contact() is None
    mine.buy()
    assert len(checkout_pages(world, mine.id)) == 1


def test_a_lost_answer_leads_to_the_same_page(world: World) -> None:
    mine = lead(world)
    stripe_fault(world, "drop_after_accept", 2)  # one for the customer, one for the page
    mine.buy()
    assert len(checkout_pages(world, mine.id)) == 1


def test_a_failure_in_making_the_customer_does_not_last(world: World) -> None:
    mine = lead(world)
    for _ in range(3):
        stripe_fault(world, "http_500")
        refused(mine.unlock(), 503, "payments_unavailable")
    mine.buy()


def test_a_customer_stripe_forgot_is_made_again(world: World) -> None:
    mine = lead(world)
    lead(world, mine.employer).buy()

    async def forget(session: object) -> None:
        from sqlalchemy import update
        from sqlalchemy.ext.asyncio import AsyncSession

        from app.employers.models import Employer

        assert isinstance(session, AsyncSession)
        mine_only = Employer.id == UUID(mine.employer.id)
        await session.execute(
            update(Employer).where(mine_only).values(provider_customer_id="cus_gone")
        )

    world.in_session(forget)
    refused(mine.unlock(), 503, "payments_unavailable")
    mine.buy()


def test_a_page_that_was_never_noted_still_unlocks_when_paid(world: World) -> None:
    mine = lead(world)
    actor = Actor(UUID(mine.employer.id), Role.EMPLOYER, UserStatus.ACTIVE, "")
    begun = world.in_session(
        lambda session: purchase.begin(session, actor, [UUID(mine.id)], world.clock(), paced=False)
    )
    provider = world.runtime.payments
    assert provider is not None
    customer = world.run(provider.create_customer(mine.employer.id, "Cafe", "customer"))
    request = CheckoutRequest(
        str(begun.id),
        mine.id,
        mine.employer.id,
        customer,
        begun.price,
        "Contact",
        "http://localhost:8000",
        world.clock() + dt.timedelta(hours=1),
    )
    page = world.run(provider.create_checkout(request, "lost"))
    world.pay(str(page.url))
    assert mine.phone_shown() == mine.worker.phone


def test_an_idempotency_key_stands_for_one_unlock(world: World) -> None:
    mine, other = lead(world), None
    other = lead(world, mine.employer)
    key = {"Idempotency-Key": "unlock-1"}
    first = ok(mine.unlock(headers=key), 202)
    assert ok(mine.unlock(headers=key), 202) == first
    refused(other.unlock(headers=key), 422, "idempotency_key_reused")
    world.pay(first["checkout_url"])
    assert ok(mine.unlock(headers=key))["contact"]["phone"] == mine.worker.phone
    theirs = lead(world)
    ok(theirs.unlock(headers=key), 202)


def test_payments_are_listed_newest_first(world: World) -> None:
    leads: list[Lead] = [lead(world)]
    leads += [lead(world, leads[0].employer) for _ in range(2)]
    for one in leads[:2]:
        one.buy()
    leads[2].begin()
    employer = leads[0].employer
    first = ok(employer.get("/api/employers/payments?limit=2"))
    rest = ok(employer.get(f"/api/employers/payments?limit=2&cursor={first['next_cursor']}"))
    items = first["items"] + rest["items"]
    assert [item["match_id"] for item in items] == [one.id for one in reversed(leads)]
    assert rest["next_cursor"] is None
    paid = ok(employer.get("/api/employers/payments?status=succeeded"))["items"]
    assert {item["match_id"] for item in paid} == {one.id for one in leads[:2]}
    assert ok(employer.get(f"/api/employers/payments/{items[0]['id']}")) == items[0]
    assert ok(employer.get("/api/employers/dashboard"))["spend"]["amount"] == 9_800


def test_worker_and_employer_are_told(world: World) -> None:
    mine = lead(world)
    assert mine.worker.phone
    before = len(world.messages(mine.worker.phone))
    mine.buy()
    told = world.messages(mine.worker.phone)[before:]
    assert len(told) == 1
    assert "Cafe Leopold" in told[0]["text"]
