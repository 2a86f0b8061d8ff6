"""No page of the console asks the database once a row: fifty rows take the statements of five."""

import datetime as dt
from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Table, func, insert, select

from app import audit
from app.attempts.models import WorkAttempt
from app.core.ids import new_id
from app.database.session import keyring
from app.employers.models import Employer
from app.identity.models import User
from app.invoices.models import Invoice
from app.jobs.models import Job
from app.messaging.models import (
    ChatPerson,
    InboxItem,
    OutboxMessage,
    PlatformNotice,
    WebhookEvent,
)
from app.moderation.models import BulkAction
from app.offers.appeals import NOTE
from app.offers.models import JobMatch, ReliabilityAppeal
from app.payments.models import Dispute, LeadReport, LedgerAccount, OpenItem, Payment, Refund
from app.web.console.lists import TABLES
from app.web.console.market_figures import KEPT
from app.workers.models import Worker
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import lead
from tests.support.statements import statements_of
from tests.web.test_console import held_job, signed_in

_numbers = count(1)
OTHER_PAGES = (
    "/console",
    "/console/waiting",
    "/console/review",
    "/console/review?review=flagged",
    "/console/companies",
    "/console/find?q=cafe",
    "/console/team",
    "/console/settings/history",
    "/console/money",
    "/console/market",
)


@pytest.fixture
def world(world: World) -> World:
    """A Partimer whose rows are copies: no books are held against them."""
    return world


async def copies(
    session: Any, model: Any, many: int, where: Any = True, **own: Callable[[int], Any]
) -> list[UUID]:
    """Write `many` copies of the first row of a table, whatever is unique in it made anew; return their ids."""
    table: Table = model.__table__
    row = (await session.execute(select(table).where(where).limit(1))).mappings().one()
    values = []
    for each in range(many):
        changed = {name: made(each) for name, made in own.items()}
        for column in table.columns:
            single = column.unique or column.name in {"key", "event_id", "message_id", "sequence"}
            if column.name in changed or not (single or column.name == "id"):
                continue
            if column.name == "id":
                changed["id"] = new_id()
            elif column.name == "sequence":
                changed["sequence"] = 1_000 + next(_numbers)
            elif column.nullable:
                changed[column.name] = None
            else:
                changed[column.name] = f"copy-{next(_numbers)}"
        values.append({**row, **changed})
    await session.execute(insert(table), values)
    return [value["id"] for value in values if "id" in value]


async def _people(session: Any, many: int, role: str, profile: Any) -> list[UUID]:
    """Write so many accounts with their profiles."""
    ids = await copies(
        session,
        User,
        many,
        User.role == role,
        phone_index=lambda _: None,
        phone_sealed=lambda _: None,
        email_index=lambda _: None,
        email_sealed=lambda _: None,
    )
    if profile is not None:
        await copies(session, profile, many, id=lambda each: ids[each])
    return ids


async def grow(session: Any, many: int) -> None:
    """Write so many more rows of whatever the console lists."""
    now = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    workers = await _people(session, many, "worker", Worker)
    await _people(session, many, "employer", Employer)
    await _people(session, many, "admin", None)
    await copies(session, Job, many, Job.review_status == "held")
    await copies(session, Job, many, Job.review_status == "held", review_status=lambda _: "flagged")
    matches = await copies(
        session, JobMatch, many, JobMatch.unlocked_at.is_not(None), worker_id=lambda n: workers[n]
    )
    await copies(session, LeadReport, many, match_id=lambda n: matches[n])
    await copies(session, Payment, many, match_id=lambda n: matches[n])
    await copies(
        session,
        ChatPerson,
        many,
        ChatPerson.paused_at.is_not(None),
        user_id=lambda n: workers[n],
        phone_index=lambda _: f"{next(_numbers):064}",
        platform_user_id=lambda _: None,
        other_phone_index=lambda _: None,
    )
    for queue in (OutboxMessage, InboxItem, WebhookEvent):
        await copies(session, queue, many, state=lambda _: "dead")
    for model in (BulkAction, Invoice, LedgerAccount):
        await copies(session, model, many)
    payment = await session.scalar(select(Payment))
    webhook = await session.scalar(select(WebhookEvent.id))
    for number in range(many):
        unique = next(_numbers)
        session.add_all(
            [
                Refund(
                    payment_id=payment.id,
                    status="proposed",
                    amount=1,
                    currency="INR",
                    reason="again",
                    created_at=now,
                    updated_at=now,
                ),
                Dispute(
                    provider_id=f"dp_{unique}",
                    payment_id=payment.id,
                    employer_id=payment.employer_id,
                    status="opened",
                    amount=1,
                    currency="INR",
                    created_at=now,
                    updated_at=now,
                ),
                OpenItem(
                    kind="suspense" if number % 2 else "refund_failed",
                    key=f"copy:{unique}",
                    payment_id=payment.id,
                    details={"what": "copied"},
                    opened_at=now,
                ),
                WorkAttempt(
                    kind="wave",
                    subject_id=new_id(),
                    parked_at=now,
                    created_at=now,
                    due_at=now,
                ),
                PlatformNotice(
                    webhook_id=webhook,
                    position=1_000 + unique,
                    kind="quality",
                    about="number",
                    language="en",
                    event="down",
                    detail="",
                    received_at=now,
                ),
                ReliabilityAppeal(
                    worker_id=workers[number],
                    about="score",
                    round=1,
                    note_sealed=keyring(session).seal("", NOTE),
                    status="open",
                    created_at=now,
                ),
            ]
        )
        audit.record(
            session, "employer.report", payment.employer_id, None, now, reason=f"copy {unique}"
        )


def _start(world: World) -> None:
    """One of each thing that is copied."""
    held_job(world)
    bought = lead(world)
    bought.buy()
    path = f"/api/employers/matches/{bought.id}/report"
    ok(bought.employer.post(path, {"reason": "other", "note": "rude"}), 201)
    world.says(str(bought.worker.phone), "human")
    admin = world.admin()
    body = {"action": "sign_out", "ids": [bought.worker.id], "reason": "lost phone"}
    ok(admin.post("/api/admin/bulk", body), 202)
    world.settle()


def _statements(world: World, owner: Any, path: str) -> int:
    with statements_of(world) as sent:
        page = owner.get(path)
    assert page.status_code == 200, path
    return len(sent)


def test_fifty_rows_take_the_statements_of_five_on_every_list(world: World) -> None:
    _start(world)
    owner = signed_in(world)
    pages = [f"/console/lists/{name}?type=" for name in TABLES] + list(OTHER_PAGES)
    world.in_session(lambda session: grow(session, 5))
    few = {path: _statements(world, owner, path) for path in pages}
    rows = {path: owner.get(path).text.count("<tr") for path in pages}
    world.in_session(lambda session: grow(session, 45))
    world.clock.advance(seconds=KEPT.total_seconds())  # the market is counted again
    many = {path: _statements(world, owner, path) for path in pages}
    grown = {path: owner.get(path).text.count("<tr") for path in pages}
    assert {path: (few[path], many[path]) for path in pages if many[path] > few[path]} == {}
    short = [
        path
        for path in pages
        if path.startswith("/console/lists/") and grown[path] < rows[path] + 15
    ]
    # The page really had more rows to show: else the figure above says nothing.
    assert short == []
    assert world.in_session(lambda session: session.scalar(select(func.count(Refund.id)))) == 50
