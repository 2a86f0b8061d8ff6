"""The lists of people, work that was given up, messages, the log, and the team."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin import admins, appeals, bulk, employers, jobs, logs, messages, parked, workers
from app.api.admin.appeals import AppealActionRequest
from app.identity.models import UserStatus
from app.identity.permissions import Permission
from app.jobs.models import JobStatus
from app.jobs.review import ReviewStatus
from app.messaging.models import OutboxState, WebhookState
from app.moderation.bulk import Target
from app.offers.appeals import AppealStatus
from app.web.console.desk import Desk, sent
from app.web.console.tables import Column, Filter, RowAction, Table
from app.web.forms import TypedForm, checked

_STATUS = Filter("status", UserStatus)
_VERIFIED = Filter("verified", is_yes=True)
_DEAD = {"state": "dead"}
_RETRY = "retry"


async def _retry_message(session: AsyncSession, desk: Desk, row_id: UUID, _: TypedForm) -> object:
    return await messages.retry_message(row_id, session, desk.actor, desk.now)


async def _retry_webhook(session: AsyncSession, desk: Desk, row_id: UUID, _: TypedForm) -> object:
    return await messages.retry_webhook(row_id, session, desk.actor, desk.now)


async def _retry_inbox(session: AsyncSession, desk: Desk, row_id: UUID, _: TypedForm) -> object:
    return await parked.retry_inbox_item(row_id, session, desk.actor, desk.now)


async def _retry_parked(session: AsyncSession, desk: Desk, row_id: UUID, form: TypedForm) -> object:
    return await parked.retry_parked(form.get("kind") or "", row_id, session, desk.actor, desk.now)


async def _act_on_appeal(
    session: AsyncSession, desk: Desk, row_id: UUID, form: TypedForm
) -> object:
    body = checked(AppealActionRequest, sent(form, "action", "reason"))
    return await appeals.act_on_appeal(row_id, body, session, desk.actor, desk.now)


def _retry(dead: Any) -> tuple[RowAction, ...]:
    return (RowAction(_RETRY, lambda row: row.state == dead, asks_why=False),)


OTHER_TABLES = (
    Table(
        "workers",
        "people",
        Permission.READ_PEOPLE,
        lambda asked, desk, chosen: workers.list_workers(
            asked,
            desk.actor,
            chosen.get("status"),
            chosen.get("verified"),
            chosen.get("city"),
            chosen.get("q"),
        ),
        (
            Column("name", link="/console/workers/"),
            Column("city"),
            Column("status", "status"),
            Column("verified", "yes"),
            Column("experience_years", "number"),
            Column("reliability", "number"),
            Column("created_at", "when"),
        ),
        (Filter("q"), Filter("city"), _STATUS, _VERIFIED),
        bulk=Target.WORKERS,
        sorts=("created_at", "name", "city", "experience_years"),
    ),
    Table(
        "companies",
        "people",
        Permission.READ_PEOPLE,
        lambda asked, desk, chosen: employers.list_employers(
            asked,
            desk.actor,
            chosen.get("status"),
            chosen.get("verified"),
            chosen.get("repeated"),
            chosen.get("city"),
            chosen.get("q"),
        ),
        (
            Column("company_name", link="/console/companies/"),
            Column("contact_name"),
            Column("city"),
            Column("status", "status"),
            Column("verified", "yes"),
            Column("created_at", "when"),
        ),
        (Filter("q"), Filter("city"), _STATUS, _VERIFIED, Filter("repeated", is_yes=True)),
        bulk=Target.EMPLOYERS,
        sorts=("created_at", "company_name", "city"),
    ),
    Table(
        "jobs",
        "people",
        Permission.READ_JOBS,
        lambda asked, desk, chosen: jobs.list_jobs(
            asked,
            desk.actor,
            chosen.get("status"),
            chosen.get("verified"),
            chosen.get("review"),
            chosen.get("city"),
            chosen.get("q"),
        ),
        (
            Column("title", link="/console/jobs/"),
            Column("company_name", link="/console/companies/", link_to="employer_id"),
            Column("city"),
            Column("status", "status"),
            Column("positions", "number"),
            Column("accepted", "number"),
            Column("unlocked", "number"),
            Column("created_at", "when"),
        ),
        (
            Filter("q"),
            Filter("city"),
            Filter("status", JobStatus),
            Filter("review", ReviewStatus),
            _VERIFIED,
        ),
        bulk=Target.JOBS,
        sorts=("created_at", "title", "company_name", "city", "positions", "accepted", "unlocked"),
    ),
    Table(
        "messages",
        "queues",
        Permission.READ_MESSAGES,
        lambda asked, desk, chosen: messages.list_messages(asked, desk.actor, chosen.get("state")),
        (
            Column("created_at", "when"),
            Column("kind", "code"),
            Column("channel"),
            Column("state", "status"),
            Column("attempts", "number"),
            Column("error"),
        ),
        (Filter("state", OutboxState),),
        _DEAD,
        _retry(OutboxState.DEAD),
        Permission.RETRY_MESSAGES,
        _retry_message,
        sorts=("created_at", "attempts"),
    ),
    Table(
        "inbox",
        "queues",
        Permission.READ_MESSAGES,
        lambda asked, desk, chosen: parked.list_inbox(asked, desk.actor, chosen.get("state")),
        (
            Column("received_at", "when"),
            Column("channel"),
            Column("state", "status"),
            Column("attempts", "number"),
            Column("error"),
        ),
        (Filter("state", WebhookState),),
        _DEAD,
        _retry(WebhookState.DEAD),
        Permission.RETRY_MESSAGES,
        _retry_inbox,
        sorts=("received_at", "attempts"),
    ),
    Table(
        "webhooks",
        "queues",
        Permission.READ_MESSAGES,
        lambda asked, desk, chosen: messages.list_webhooks(
            asked, desk.actor, chosen.get("state"), chosen.get("set_aside")
        ),
        (
            Column("received_at", "when"),
            Column("provider"),
            Column("kind", "code"),
            Column("state", "status"),
            Column("set_aside", "number"),
            Column("error"),
        ),
        (Filter("state", WebhookState), Filter("set_aside", is_yes=True)),
        _DEAD,
        (
            RowAction(
                _RETRY,
                lambda row: row.state == WebhookState.DEAD or row.set_aside > 0,
                asks_why=False,
            ),
        ),
        Permission.RETRY_MESSAGES,
        _retry_webhook,
        sorts=("received_at",),
    ),
    Table(
        "parked",
        "queues",
        Permission.READ_MESSAGES,
        lambda asked, desk, _: parked.list_parked(asked, desk.actor),
        (
            Column("parked_at", "when"),
            Column("kind", "status"),
            Column("attempts", "number"),
            Column("lost", "number"),
            Column("error"),
        ),
        actions=(RowAction(_RETRY, asks_why=False),),
        acting=Permission.RETRY_MESSAGES,
        do=_retry_parked,
        key="subject_id",
        sorts=("parked_at",),
    ),
    Table(
        "notices",
        "queues",
        Permission.READ_MESSAGES,
        lambda asked, desk, _: messages.list_notices(asked, desk.actor),
        (
            Column("received_at", "when"),
            Column("kind", "code"),
            Column("about"),
            Column("event"),
            Column("detail"),
        ),
        sorts=("received_at",),
    ),
    Table(
        "logs",
        "log",
        Permission.READ_LOG,
        lambda asked, desk, chosen: logs.list_logs(
            asked,
            desk.actor,
            chosen.get("actor"),
            chosen.get("action"),
            chosen.get("target_type"),
            chosen.get("target_id"),
        ),
        (
            Column("at", "when"),
            Column("action", "code"),
            Column("actor_role", "status"),
            Column("target_id", "code"),
            Column("reason"),
            Column("before"),
            Column("after"),
        ),
        (Filter("action"), Filter("target_type"), Filter("target_id"), Filter("actor")),
        sorts=("at",),
    ),
    Table(
        "complaints",
        "reports",
        Permission.READ_LOG,
        lambda asked, desk, chosen: logs.list_logs(
            asked, desk.actor, action="employer.report", target_id=chosen.get("target_id")
        ),
        (
            Column("at", "when"),
            Column(
                "company", "code", link="/console/companies/", link_to="target_id", of="target_id"
            ),
            Column("reason"),
            Column("after"),
            Column("worker", "code", link="/console/workers/", link_to="actor", of="actor"),
        ),
        (Filter("target_id"),),
        sorts=("at",),
    ),
    Table(
        "appeals",
        "reports",
        Permission.READ_PEOPLE,
        lambda asked, desk, chosen: appeals.list_appeals(
            asked, desk.actor, chosen.get("status"), chosen.get("worker_id")
        ),
        (
            Column("created_at", "when"),
            Column("worker_id", "code", link="/console/workers/", link_to="worker_id"),
            Column("what", "status"),
            Column("note"),
            Column("reliability", "number"),
            Column("round", "number"),
            Column("status", "status"),
            Column("reason"),
        ),
        (Filter("status", AppealStatus), Filter("worker_id", is_id=True)),
        {"status": AppealStatus.OPEN.value},
        (
            RowAction("uphold", lambda row: row.status == AppealStatus.OPEN),
            RowAction("decline", lambda row: row.status == AppealStatus.OPEN, takes_away=True),
        ),
        Permission.MODERATE_PEOPLE,
        _act_on_appeal,
        sorts=("created_at",),
        first_sort="created_at",
    ),
    Table(
        "bulk",
        "bulk",
        Permission.READ_PEOPLE,
        lambda asked, desk, _: bulk.list_bulk_actions(asked, desk.actor),
        (
            Column("created_at", "when", link="/console/bulk/"),
            Column("action", "status"),
            Column("target", "status"),
            Column("total", "number"),
            Column("done", "number"),
            Column("refused", "number"),
            Column("waiting", "number"),
            Column("finished_at", "when"),
        ),
        sorts=("created_at", "total"),
    ),
    Table(
        "team",
        "team",
        Permission.MANAGE_ADMINS,
        lambda asked, desk, _: admins.list_admins(asked, desk.actor),
        (
            Column("name", link="/console/team#a-"),
            Column("email"),
            Column("admin_role", "status"),
            Column("status", "status"),
            Column("second_factor", "yes"),
            Column("created_at", "when"),
        ),
        sorts=("created_at", "name"),
    ),
)
