"""What happens around an employer who writes in the chat: accounts, workers nearby, answers, payments.

In a transcript, after `--`:

    employer: Cafe Bandra       an account that names the phone; nobody has proven it yet
    proven: Cafe Bandra         an account that the phone is proven to belong to
    restricted: Cafe Bandra     an administrator changes where the account stands (suspended, too)
    nearby: Asha Kulkarni       a waiter who is always free, a kilometre from Bandra
    accepts: Asha Kulkarni      they accept the newest offer they have
    paid: Asha Kulkarni         the payment provider says that their contact was paid
"""

import datetime as dt
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, update

from app.core.ids import new_id
from app.core.week import Slot
from app.employers.models import Employer
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.messaging.channel import Address
from app.offers import respond
from app.offers.models import JobMatch
from app.offers.rules import OfferAnswer
from app.payments import purchase
from app.payments.provider import Checkout, CheckoutState
from app.payments.settle import settle
from app.texts.message import Outgoing
from tests.support.factories import NewWorker, add_employer, add_workers

if TYPE_CHECKING:
    from tests.support.chat_player import ChatWorld

_ALWAYS = tuple(slot for day in range(7) for slot in (Slot(day, 0, 12 * 60), Slot(day, 12 * 60, 0)))


PHONE = "+919811100001"


NEARBY = "+919822200001"


async def add_account(
    world: "ChatWorld", company: str, *, proven: bool, phone: str = PHONE
) -> UUID:
    """An employer's account that names this phone."""
    async with world.database.begin() as session:
        return await add_employer(
            session,
            company=company,
            city="Mumbai",
            name="Rustom Irani",
            phone=phone,
            proven=proven,
            email=f"owner{new_id().hex[-6:]}@example.com",
            at=world.clock(),
        )


async def add_nearby(world: "ChatWorld", name: str) -> UUID:
    """A waiter who is always free, a kilometre from Bandra."""
    async with world.database.begin() as session:
        nearby = NewWorker(slots=_ALWAYS, name=name, phone=NEARBY)
        [worker_id] = await add_workers(session, [nearby])
    return worker_id


async def newest_offer_of(world: "ChatWorld", name: str) -> JobMatch:
    """The newest offer of the worker of that name."""
    async with world.database.read() as session:
        query = (
            select(JobMatch)
            .join(User, User.id == JobMatch.worker_id)
            .where(User.name == name)
            .order_by(JobMatch.id.desc())
            .limit(1)
        )
        return (await session.scalars(query)).one()


async def accept(world: "ChatWorld", name: str) -> None:
    """The worker of that name accepts their newest offer."""
    match = await newest_offer_of(world, name)
    async with world.database.begin() as session:
        await respond.respond(
            session,
            match.worker_id,
            match.id,
            OfferAnswer.ACCEPT,
            None,
            world.clock(),
            base_url="https://partimer.example",
        )
    await world.settle()


async def pay(world: "ChatWorld", name: str) -> None:
    """The payment provider says that this worker's contact was paid."""
    match = await newest_offer_of(world, name)
    async with world.database.begin() as session:
        actor = Actor(match.employer_id, Role.EMPLOYER, UserStatus.ACTIVE, "")
        order = await purchase.begin(session, actor, [match.id], world.clock())
        assert order is not None
        checkout = Checkout(
            session_id=f"cs_{order.id.hex}",
            url=None,
            state=CheckoutState.PAID,
            expires_at=world.clock() + dt.timedelta(hours=1),
            paid=order.price,
            livemode=False,
            payment_id=str(order.id),
            intent_id=f"pi_{order.id.hex}",
        )
        await settle(session, checkout, world.clock(), livemode=False)
    await world.settle()


async def set_account_status(world: "ChatWorld", company: str, status: UserStatus) -> None:
    """An administrator changes where a company's account stands."""
    async with world.database.begin() as session:
        of_company = select(Employer.id).where(Employer.company_name == company)
        await session.execute(update(User).where(User.id.in_(of_company)).values(status=status))


EVENTS: dict[str, Callable[["ChatWorld", str], Awaitable[Any]]] = {
    "employer": lambda world, company: add_account(world, company, proven=False),
    "proven": lambda world, company: add_account(world, company, proven=True),
    "restricted": lambda world, company: set_account_status(world, company, UserStatus.RESTRICTED),
    "shut out": lambda world, company: set_account_status(world, company, UserStatus.SUSPENDED),
    "nearby": add_nearby,
    "accepts": accept,
    "paid": pay,
}


def mailed_code(received: list[tuple[str, Address, Outgoing]]) -> str:
    """The newest code that went to a mailbox."""
    for _, address, outgoing in reversed(received):
        if address.email and (found := re.search(r"\*(\d{6})\*", outgoing.text)):
            return found[1]
    raise AssertionError("no code was mailed")


def shown_mail(outgoing: Outgoing) -> list[str]:
    """A mail as a transcript writes it: its code is another every time, and so are the links."""
    text = re.sub(r"/pay/\w+", "/pay/(link)", outgoing.text)
    first, *rest = re.sub(r"\*\d{6}\*", "*(code)*", text).split("\n")
    return [f"mail: {first}", *(f"     {line}".rstrip() for line in rest)]
