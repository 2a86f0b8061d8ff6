"""One tap in the chat on the kept card: out of the balance where it is enough, else by the card, else by the link."""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.background import LOOPS
from app.employers.models import Employer
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.offers.links import order_of
from app.payments import card_taps, ledger, rules
from app.payments.card_taps import COUNTS_FOR
from app.payments.models import CardTap, KeptCard, Order
from tests.payments.test_card_charge import charges, keeps_card, sell_in
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok
from tests.support.leads import Lead, lead
from tests.support.provider_faults import pages_of, stripe_fault, stripe_objects
from tests.support.team import member_of

PHONES = iter(range(919_830_000_001, 919_830_001_000))


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file, that sells in dollars; money is right after each test."""
    sell_in(world_of_file, "USD")
    yield world_of_file
    leads.end_faults(world_of_file)
    leads.check_at_rest(world_of_file)


@pytest.fixture
def owner(world: World) -> Person:
    """An employer with a kept card, who writes from a phone that is proven."""
    phone = f"+{next(PHONES)}"
    person = world.employer(verified=True, phone=phone)
    person.phone = phone
    keeps_card(world, person)

    async def prove(session: Any) -> None:
        user = await session.get_one(User, UUID(person.id))
        mine = update(Employer).where(Employer.id == user.id)
        await session.execute(mine.values(proven_phone_index=user.phone_index))

    world.in_session(prove)
    world.clock.advance(minutes=2)
    world.settle()  # the loop asks whether the card was kept
    return person


def phone_of(person: Person) -> str:
    """The phone from which they write."""
    assert person.phone is not None
    return person.phone


def last(world: World, person: Person) -> dict[str, Any]:
    """What they received last."""
    return world.messages(phone_of(person))[-1]


def taps(world: World, person: Person, button: str) -> None:
    """Let them tap, after everything that was sent has come."""
    world.messages(phone_of(person))
    world.taps(phone_of(person), button)


def said(world: World, person: Person) -> str:
    """The words of all that they received."""
    return "\n".join(str(message) for message in world.messages(phone_of(person)))


def rows_of(world: World, person: Person, job_id: str) -> list[dict[str, str]]:
    """The rows of the list of who said yes."""
    taps(world, person, f"job:{job_id}:leads")
    shown = last(world, person)["payload"].get("interactive", {}).get("action", {})
    rows = [row for section in shown.get("sections", []) for row in section["rows"]]
    return [{"id": row["id"], "says": row["description"]} for row in rows]


def row_of(world: World, mine: Lead, person: Person | None = None) -> dict[str, str]:
    """The row of one lead."""
    rows = rows_of(world, person or mine.employer, mine.job_id)
    [row] = [row for row in rows if row["id"].startswith(f"lead:{mine.id}")]
    return row


def top_up(world: World, employer: Person, amount: int) -> None:
    async def book(session: Any) -> None:
        sides = rules.top_up(amount, amount, UUID(employer.id))
        await ledger.book(
            session,
            f"top_up:{employer.id}",
            sides,
            currency="USD",
            payment_id=None,
            now=world.clock(),
            provider="stripe",
        )

    world.in_session(book)


def test_the_row_names_price_and_card_and_one_tap_charges_it(world: World, owner: Person) -> None:
    mine = lead(world, owner)
    row = row_of(world, mine)
    assert row["id"] == f"lead:{mine.id}:card:4900"
    assert "$49" in row["says"]
    assert "Visa ••4242" in row["says"]
    taps(world, owner, row["id"])
    assert charges(world, mine) == ["succeeded"]
    assert phone_of(mine.worker)[-5:] in re.sub(r"\D", "", said(world, owner))
    assert pages_of(world, mine.id) == []
    assert mine.contact() is not None


def test_a_second_tap_charges_nothing(world: World, owner: Person) -> None:
    mine = lead(world, owner)
    row = row_of(world, mine)
    for _ in range(3):
        taps(world, owner, row["id"])
    assert "yours already" in str(last(world, owner))
    assert charges(world, mine) == ["succeeded"]


def test_two_taps_before_the_card_is_asked_are_one_charge(world: World, owner: Person) -> None:
    mine = lead(world, owner)
    row = row_of(world, mine)
    stripe_fault(world, "read_http_500", 99)
    taps(world, owner, row["id"])
    taps(world, owner, row["id"])
    assert charges(world, mine) == []
    leads.end_faults(world)
    world.clock.advance(minutes=4)
    world.settle()
    assert mine.contact() is not None
    assert charges(world, mine) == ["succeeded"]


def test_the_balance_comes_first(world: World, owner: Person) -> None:
    first, second = lead(world, owner), lead(world, owner)
    top_up(world, owner, 4_900)
    row = row_of(world, first)
    assert row["id"] == f"lead:{first.id}:unlock"
    assert "your balance" in row["says"]
    taps(world, owner, row["id"])
    assert first.contact() is not None
    row = row_of(world, second)
    assert "your card" in row["says"]
    taps(world, owner, row["id"])
    assert [charges(world, first), charges(world, second)] == [[], ["succeeded"]]


@pytest.mark.parametrize(
    "fault",
    [{"kind": "authentication_required"}, {"kind": "card_declined", "code": "insufficient_funds"}],
)
def test_a_bank_that_wants_the_owner_gives_the_link(
    world: World, owner: Person, fault: dict[str, Any]
) -> None:
    mine = lead(world, owner)
    row = row_of(world, mine)
    stripe_fault(world, **fault)
    taps(world, owner, row["id"])
    [token] = set(re.findall(r"/pay/(\w+)", str(last(world, owner))))
    assert "was not charged" in str(last(world, owner))
    assert order_of(world.runtime.keyring, token) == UUID(mine.payment["id"])
    assert charges(world, mine).count("succeeded") == 0
    # A page is open, and may have been paid: the next tap gives the link again, and charges nothing.
    world.clock.advance(seconds=1)
    taps(world, owner, row["id"])
    assert token in str(last(world, owner))
    [page] = pages_of(world, mine.id)
    world.pay(page["url"])
    assert mine.contact() is not None


def test_in_rupees_the_chat_offers_the_link_alone(world: World, owner: Person) -> None:
    sell_in(world, "INR")
    mine = lead(world, owner)
    assert rows_of(world, owner, mine.job_id) == []
    assert "/pay/" in str(last(world, owner))


def test_without_a_kept_card_the_chat_offers_the_link_alone(world: World, owner: Person) -> None:
    ok(owner.delete("/api/employers/card"), 204)
    mine = lead(world, owner)
    assert rows_of(world, owner, mine.job_id) == []


def test_a_card_removed_since_gives_the_link(world: World, owner: Person) -> None:
    mine = lead(world, owner)
    row = row_of(world, mine)
    ok(owner.delete("/api/employers/card"), 204)
    taps(world, owner, row["id"])
    assert "/pay/" in str(last(world, owner))
    assert charges(world, mine) == []


def test_nothing_beyond_what_the_tap_named_is_charged(world: World, owner: Person) -> None:
    mine = lead(world, owner)
    taps(world, owner, f"lead:{mine.id}:card:4899")
    assert "price has changed" in str(last(world, owner))
    assert mine.payments() == []
    taps(world, owner, f"lead:{mine.id}:card:")
    taps(world, owner, f"lead:{mine.id}:card:-1")
    assert mine.payments() == []


def test_an_old_tap_charges_nothing(world: World, owner: Person) -> None:
    """A process that was down for long charges nobody who has forgotten the tap."""
    mine = lead(world, owner)
    row = row_of(world, mine)
    stripe_fault(world, "read_http_500", 99)
    taps(world, owner, row["id"])
    leads.end_faults(world)

    async def forget_the_try(session: Any) -> None:
        of_lead = select(Order.id).where(Order.employer_id == UUID(owner.id))
        await session.execute(
            update(CardTap)
            .where(CardTap.order_id.in_(of_lead))
            .values(tapped_at=world.clock() - COUNTS_FOR)
        )

    world.in_session(forget_the_try)
    world.clock.advance(minutes=4)
    world.settle()
    assert charges(world, mine) == []
    assert "/pay/" in str(last(world, owner))


def test_a_card_that_was_asked_in_vain_is_asked_once(world: World, owner: Person) -> None:
    """Stripe broke: whether it charged is looked for, and then the link is sent."""
    mine = lead(world, owner)
    row = row_of(world, mine)
    stripe_fault(world, "http_500", 9)
    taps(world, owner, row["id"])
    leads.end_faults(world)
    world.clock.advance(minutes=4)
    world.settle()
    assert "/pay/" in str(last(world, owner))
    assert charges(world, mine) == []


def test_a_lost_answer_is_looked_for_and_unlocks_once(world: World, owner: Person) -> None:
    mine = lead(world, owner)
    row = row_of(world, mine)
    stripe_fault(world, "lost", 9)
    stripe_fault(world, "timeout_after_accept", 9)
    taps(world, owner, row["id"])
    assert mine.contact() is None
    leads.end_faults(world)
    world.clock.advance(minutes=4)
    world.settle()
    assert mine.contact() is not None
    assert charges(world, mine) == ["succeeded"]
    assert "was not charged" not in said(world, owner)


def test_a_members_limit_holds_for_a_tap(world: World, owner: Person) -> None:
    limit = {"amount": 4_900, "currency": "USD"}
    member = member_of(world, owner, "manager", monthly_limit=limit)
    first, second = lead(world, owner), lead(world, owner)
    taps(world, member, f"lead:{first.id}:card:4900")
    assert charges(world, first) == ["succeeded"]
    taps(world, member, f"lead:{second.id}:card:4900")
    assert "beyond what you may spend" in str(last(world, member))
    assert charges(world, second) == []


def test_another_companys_lead_is_not_charged(world: World, owner: Person) -> None:
    mine = lead(world)
    taps(world, owner, f"lead:{mine.id}:card:4900")
    assert "can't find" in str(last(world, owner))
    assert charges(world, mine) == []


def says_yes(world: World, worker: Person) -> None:
    """Let this worker accept the newest offer."""
    world.settle()
    world.accept(worker, world.offers(worker)[0]["id"])


def contacts_of(world: World, owner: Person, job_id: str) -> int:
    """How many contacts of the job are bought."""
    return sum(match["contact"] is not None for match in world.matches(owner, job_id))


def test_all_of_a_job_are_one_charge_and_nobody_who_came_later_is(
    world: World, owner: Person
) -> None:
    place = leads.somewhere()
    first, second, third = (world.worker(location=place, slots=["saturday"]) for _ in range(3))
    job_id = world.job(owner, location=place, positions=3)["id"]
    for worker in (first, second):
        says_yes(world, worker)
    row = rows_of(world, owner, job_id)[-1]
    assert "$98 in all" in row["says"]
    taps(world, owner, row["id"])
    assert contacts_of(world, owner, job_id) == 2
    sums = [one["amount"] for one in stripe_objects(world, "payment_intent")][:1]
    assert sums == [9_800]
    says_yes(world, third)
    taps(world, owner, row["id"])
    assert contacts_of(world, owner, job_id) == 2
    assert row["id"] not in {each["id"] for each in rows_of(world, owner, job_id)}


def test_a_tap_that_was_hours_on_its_way_charges_nothing(world: World, owner: Person) -> None:
    """We were away: the messenger delivers the tap when nobody thinks of it any more."""
    mine = lead(world, owner)

    async def tap(session: Any) -> None:
        user = await session.get_one(User, UUID(owner.id))
        actor = Actor(user.id, Role(user.role), UserStatus(user.status), user.name)
        now = world.clock()
        sent = now - dt.timedelta(hours=3)
        await card_taps.tap(session, actor, [UUID(mine.id)], 4_900, now, tapped_at=sent)

    world.in_session(tap)
    world.settle()
    assert charges(world, mine) == []
    assert "/pay/" in str(last(world, owner))


def test_an_erased_company_keeps_no_word_of_its_card(world: World, owner: Person) -> None:
    async def known(session: Any) -> list[str | None]:
        mine = KeptCard.employer_id == UUID(owner.id)
        return list(await session.scalars(select(KeptCard.last4).where(mine)))

    assert world.in_session(known) == ["4242"]
    ok(owner.delete("/api/employers/account"), 204)
    assert world.in_session(known) == []
    world.clock.advance(hours=1)
    world.settle()
    assert world.in_session(known) == []


def test_the_prices_of_a_page_and_of_the_chat_are_one(world: World, owner: Person) -> None:
    mine = lead(world, owner)
    [match] = world.matches(owner, mine.job_id)
    assert row_of(world, mine)["id"].endswith(str(match["price"]["amount"]))
    assert {"card_taps", "kept_cards"} <= {loop.name for loop in LOOPS}
