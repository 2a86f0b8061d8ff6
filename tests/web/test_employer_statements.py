"""No list of an employer asks the database once a row: fifty rows take the statements of five."""

from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from app.core.ids import new_id
from app.database.statements import table
from app.identity.models import Role, TeamMember, User
from app.invoices.models import Invoice
from app.jobs.models import Job, JobSlot, JobTemplate
from app.offers.models import JobMatch
from app.payments.models import LedgerEntry, LedgerTransaction, Payment, Unlock
from app.workers.models import Worker
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import Lead, lead
from tests.support.page_reader import PageReader
from tests.support.statements import statements_of
from tests.support.team import member_of
from tests.web.test_console_statements import copies
from tests.web.test_job_page import signed_in

_names = count(1)
_LISTS = ("/jobs", "/payments", "/invoices", "/balance", "/team", "/jobs/templates", "/overview")
_NOT_SHOWN_WHOLE = {"/overview", "/team"}
"""Pages that show a few rows of many, or no more people than a team may have."""


@pytest.fixture
def world(world: World) -> World:
    """A Partimer whose rows are copies: no books are held against them."""
    return world


async def _people(session: Any, many: int, role: Role) -> list[UUID]:
    nobody = dict.fromkeys(
        ("phone_index", "phone_sealed", "email_index", "email_sealed"), lambda _: None
    )
    return await copies(session, User, many, User.role == role.value, **nobody)


async def grow(session: Any, many: int, bought: Lead, waiting: Lead) -> None:
    """Write so many more rows of whatever an employer's pages list."""
    workers = await _people(session, 2 * many, Role.WORKER)
    await copies(session, Worker, 2 * many, id=lambda n: workers[n])
    await copies(
        session,
        JobMatch,
        many,
        JobMatch.id == UUID(waiting.id),
        worker_id=lambda n: workers[n],
        score=lambda n: 50 + n / 10,
    )
    matches = await copies(
        session,
        JobMatch,
        many,
        JobMatch.id == UUID(bought.id),
        worker_id=lambda n: workers[many + n],
    )
    payments = await copies(
        session, Payment, many, Payment.match_id == UUID(bought.id), match_id=lambda n: matches[n]
    )
    await copies(
        session,
        Unlock,
        many,
        match_id=lambda n: matches[n],
        worker_id=lambda n: workers[many + n],
        payment_id=lambda n: payments[n],
    )
    jobs = await copies(session, Job, many, Job.id == UUID(waiting.job_id))
    await copies(session, JobSlot, many, job_id=lambda n: jobs[n])
    await copies(session, JobTemplate, many, name=lambda _: f"Template {next(_names)}")
    await copies(session, Invoice, many)
    members = await _people(session, many, Role.EMPLOYER)
    employer = UUID(waiting.employer.id)
    joined = TeamMember.user_id != employer
    await copies(session, TeamMember, many, joined, user_id=lambda n: members[n])
    for _ in range(many):
        await _one_more_entry(session)


async def _one_more_entry(session: Any) -> None:
    """Book the first top-up once more."""
    booked, entries = table(LedgerTransaction), table(LedgerEntry)
    query = select(booked).where(booked.c.kind == "top_up").limit(1)
    row = (await session.execute(query)).mappings().one()
    of_it = select(entries).where(entries.c.transaction_id == row["id"])
    sides = (await session.execute(of_it)).mappings().all()
    id_, key = new_id(), f"top_up:copy-{next(_names)}"
    await session.execute(insert(booked), [{**row, "id": id_, "event_key": key, "imbalance": None}])
    more = [
        {
            **side,
            "id": new_id(),
            "transaction_id": id_,
            "event_key": key if side["event_key"] else None,
        }
        for side in sides
    ]
    await session.execute(insert(entries), more)


def _statements(world: World, owner: PageReader, path: str) -> tuple[int, int]:
    """Return how many statements a page takes, and how many rows or cards it shows."""
    with statements_of(world) as sent:
        page = owner.get(path)
    assert page.status_code == 200, path
    return len(sent), page.text.count("<tr") + page.text.count("<article")


def test_fifty_rows_take_the_statements_of_five_on_every_page_of_an_employer(world: World) -> None:
    employer = world.employer(verified=True)
    bought, waiting = lead(world, employer), lead(world, employer, positions=9)
    bought.buy()
    pack = ok(employer.post("/api/employers/balance/top-ups", {"pack": "small"}), 202)
    world.pay(pack["checkout_url"])
    world.settle()
    member_of(world, employer, "viewer")
    template = {"name": "Brunch", "job_id": waiting.job_id}
    ok(employer.post("/api/employers/job-templates", template), 201)
    owner = signed_in(world, employer)
    orders = ("score", "distance", "experience", "price")
    pages = [f"{path}?limit=100" for path in _LISTS]
    pages += [f"/jobs?limit=100&sort={order}" for order in ("starts", "title", "waiting")]
    pages += ["/payments?limit=100&sort=amount", "/jobs/new", f"/jobs/{bought.job_id}"]
    pages += [f"/jobs/{waiting.job_id}?sort={order}" for order in orders]
    world.in_session(lambda session: grow(session, 5, bought, waiting))
    few = {path: _statements(world, owner, path) for path in pages}
    world.in_session(lambda session: grow(session, 45, bought, waiting))
    many = {path: _statements(world, owner, path) for path in pages}
    more = {path: (few[path][0], many[path][0]) for path in pages}
    assert {path: told for path, told in more.items() if told[1] > told[0]} == {}
    # The pages really had more rows to show: else the figures above say nothing.
    short = {
        path
        for path in pages
        if path.partition("?")[0] not in {*_NOT_SHOWN_WHOLE, "/jobs/new"}
        and many[path][1] < few[path][1] + 40
    }
    assert short == set()
