"""Leads to buy: a worker, a job, an accepted offer, and what became of its payment."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from app.api.employers import jobs as door
from app.audit.models import AdminActionLog
from app.identity.actor import Actor
from app.identity.models import User
from app.identity.rules import Role, UserStatus
from app.jobs import posting
from app.jobs.job_text import JobText
from app.matching.publish import publish
from app.messaging.models import OutboxMessage
from app.offers.models import JobMatch
from app.offers.respond import respond
from app.offers.rules import OfferAnswer
from app.payments.models import Payment, Refund
from tests.support.app_harness import Person, World
from tests.support.assertions import check_money, ok
from tests.support.provider_faults import provider_fault

_places = itertools.count()


def somewhere() -> dict[str, float]:
    """A place of its own, further from every other than anybody travels."""
    number = next(_places)
    return {"latitude": 10.0 + number % 40 * 0.4, "longitude": 72.0 + number // 40 * 0.4}


@dataclass
class Lead:
    """A worker who accepted an employer's offer."""

    world: World
    employer: Person
    worker: Person
    job_id: str
    id: str

    def unlock(self, json: Any = None, **options: Any) -> httpx.Response:
        """Ask to buy the contact."""
        return self.employer.post(f"/api/employers/matches/{self.id}/unlock", json, **options)

    def begin(self) -> dict[str, Any]:
        """Ask to buy the contact, and return the payment page."""
        page: dict[str, Any] = ok(self.unlock(), 202)
        return page

    def buy(self) -> dict[str, Any]:
        """Buy the contact: page, card, news; return the answer that holds it."""
        self.world.pay(self.begin()["checkout_url"])
        bought_lead: dict[str, Any] = ok(self.unlock())
        assert bought_lead["status"] == "unlocked"
        return bought_lead

    @property
    def shown(self) -> dict[str, Any]:
        """The lead as the employer's list of matches shows it."""
        items = self.world.matches(self.employer, self.job_id)
        return next(item for item in items if item["id"] == self.id)

    def contact(self) -> dict[str, Any] | None:
        """The contact as the employer's list shows it now, None before it is bought."""
        found: dict[str, Any] | None = self.shown["contact"]
        return found

    def phone_shown(self) -> str | None:
        """The phone as the employer's list shows it now."""
        contact = self.contact()
        return contact["phone"] if contact else None

    def withdraw(self) -> None:
        """Let the worker take the acceptance back."""
        ok(self.worker.post(f"/api/workers/offers/{self.id}/withdraw"))

    def payments(self) -> list[dict[str, Any]]:
        """The employer's payments for this lead, oldest first."""
        items = ok(self.employer.get("/api/employers/payments?limit=100"))["items"]
        return [item for item in reversed(items) if item["match_id"] == self.id]

    @property
    def payment(self) -> dict[str, Any]:
        """The newest payment for this lead."""
        return self.payments()[-1]


def lead(world: World, employer: Person | None = None, *, accept: bool = True, **job: Any) -> Lead:
    """A worker somewhere, a job there, an offer, and (unless told otherwise) its acceptance.

    Made by the verbs behind the doors: four requests less for each of the hundreds of leads of a run.
    """
    place = somewhere()
    worker = world.worker(location=place, slots=["saturday"])
    employer = employer or world.employer(verified=True)
    body = door.NewJob.model_validate_json(json.dumps(world.job_body(location=place, **job)))
    job_id, match_id = world.run_verbs(_offered(world, employer, worker, body, accept=accept))
    return Lead(world, employer, worker, str(job_id), str(match_id))


async def _offered(
    world: World, employer: Person, worker: Person, body: door.NewJob, *, accept: bool
) -> tuple[UUID, UUID]:
    """Post and publish a job, of which only this worker is asked; return its id and the offer's."""
    rt, now = world.runtime, world.clock()
    async with rt.database.begin() as session:
        user = await session.get_one(User, UUID(employer.id))
        actor = Actor(user.id, Role(user.role), UserStatus(user.status), user.name)
        draft = await posting.create(session, user.id, JobText(**door._words(body)), now)
        job = await publish(session, actor, draft.id, now, paced=rt.limiter.enabled)
        asked = select(JobMatch.id, JobMatch.worker_id).where(JobMatch.job_id == job.id)
        [(match_id, worker_id)] = (await session.execute(asked)).all()
        assert worker_id == UUID(worker.id)
        if accept:
            await respond(
                session,
                worker_id,
                match_id,
                OfferAnswer.ACCEPT,
                None,
                now,
                base_url=rt.settings.base_url,
            )
        return job.id, match_id


def bought_lead(world: World) -> tuple[Lead, str]:
    """A lead that was bought, and its payment's id."""
    mine = lead(world)
    return mine, mine.buy()["payment"]["id"]


def later(world: World, *leads: Lead, **units: float) -> None:
    """Let time pass, and let the employers of these leads sign in again."""
    world.clock.advance(**units)
    for one in leads:
        assert one.employer.email is not None
        one.employer.token = world.sign_in(one.employer.email, role="employer").token


def at_once(calls: list[Any]) -> list[Any]:
    """Make all calls at the same time; their answers in the order of the calls."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result() for done in [pool.submit(call) for call in calls]]


def check_at_rest(world: World) -> None:
    """End a test: no fault is left over for the next, money is right, and all that was sent had words."""
    end_faults(world)
    check_money(world)
    wordless = select(OutboxMessage.kind).where(OutboxMessage.error_code == "unsayable")
    assert world.in_session(lambda session: session.scalar(wordless)) is None


def end_faults(world: World) -> None:
    """Let the provider work again."""
    provider = world.settings.payment_provider
    waiting = ok(world.http.get(f"/sandbox/{provider}/_control/faults"))["waiting"]
    for kind in {one["kind"] for one in waiting}:
        provider_fault(world, kind, 0)


def refund(world: World, payment_id: str, **body: Any) -> Any:
    """Let an administrator refund; the answer."""
    path = f"/api/admin/payments/{payment_id}/refund"
    return world.admin().post(path, {"reason": "the number was wrong", **body})


def log_of(world: World, target_id: str) -> list[AdminActionLog]:
    """The log's rows about something, oldest first."""

    async def read(session: Any) -> list[AdminActionLog]:
        query = select(AdminActionLog).where(AdminActionLog.target_id == target_id)
        return list(await session.scalars(query.order_by(AdminActionLog.number)))

    rows: list[AdminActionLog] = world.in_session(read)
    return rows


def logged_actions(world: World, target_id: str) -> list[str]:
    """What the log says was done to something, oldest first."""
    return [row.action for row in log_of(world, target_id)]


def refunds_of(world: World, payment_id: str) -> list[Refund]:
    """A payment's refunds as they are now, oldest first."""

    async def read(session: Any) -> list[Refund]:
        query = select(Refund).where(Refund.payment_id == UUID(payment_id))
        return list(await session.scalars(query.order_by(Refund.id)))

    rows: list[Refund] = world.in_session(read)
    return rows


def payment_row(world: World, payment_id: str) -> Payment:
    """The payment's row as it is now."""
    row: Payment = world.in_session(lambda session: session.get_one(Payment, UUID(payment_id)))
    return row
