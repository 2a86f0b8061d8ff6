"""Whom a route is for, and the rules of what the console's pages stand on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.identity.rules import AdminRole

PUBLIC = "public"
ANYBODY = "anybody signed in"
WORKER = "worker"
EMPLOYER = "employer"
ADMIN = "admin"
OWNER, FINANCE, MODERATOR, SUPPORT = AdminRole
ADMINS = tuple(AdminRole)
MODERATES = "owner and moderator"
MOVES_MONEY = "owner and finance"
READS_MESSAGES = "owner, moderator and support"
RETRIES = "owner and support"
READS_LOG = "owner, finance and moderator"
OWNS = "owner"
EMPLOYER_FILES = ("orders", "payments", "invoices", "balance/entries")
BY_PASSWORD = "whoever signs in with a password"
JOB_OWNER = "the job's employer, or owner, moderator and support"

Body = Callable[[Any], Any]


@dataclass(frozen=True)
class Rule:
    """Whom a route is for; a body that is well-formed; what the right one is answered."""

    who: str
    good: frozenset[int] = frozenset({200})
    body: Body | None = None
    owned: str | None = None
    """Whose thing the path names: it is not there for another of the same role."""


def rule(who: str, *good: int, body: Body | None = None, owned: str | None = None) -> Rule:
    return Rule(who, frozenset(good or {200}), body, owned)


def _bulk(_: Any) -> dict[str, Any]:
    return {
        "action": "verify",
        "ids": ["01936d5e-7c00-7000-8000-000000000000"],
        "reason": "to see who may",
    }


TEMPLATE_RULES = {
    "GET /api/employers/job-templates": rule(EMPLOYER),
    "POST /api/employers/job-templates": rule(
        EMPLOYER, 201, body=lambda cast: {"job_id": cast.ids["job_id"], "name": "Brunch again"}
    ),
    "GET /api/employers/job-templates/{template_id}": rule(EMPLOYER, owned=EMPLOYER),
    "PUT /api/employers/job-templates/{template_id}": rule(
        EMPLOYER, owned=EMPLOYER, body=lambda _: {"name": "Sunday brunch"}
    ),
    "DELETE /api/employers/job-templates/{template_id}": rule(EMPLOYER, 204, owned=EMPLOYER),
    "POST /api/employers/job-templates/{template_id}/jobs": rule(
        EMPLOYER, 201, owned=EMPLOYER, body=lambda _: {"starts_on": "2026-12-05"}
    ),
}

CONSOLE_RULES = {
    "GET /api/admin/workers/{worker_id}/merge": rule(MODERATES),
    "POST /api/admin/workers/{worker_id}/merge": rule(
        MODERATES,
        404,
        body=lambda _: {
            "other_id": "01936d5e-7c00-7000-8000-000000000000",
            "reason": "to see who may",
        },
    ),
    "GET /api/admin/appeals": rule(ADMIN),
    "POST /api/admin/appeals/{appeal_id}/action": rule(
        MODERATES, 404, body=lambda _: {"action": "decline", "reason": "to see who may"}
    ),
    "GET /api/workers/reliability": rule(WORKER),
    "POST /api/workers/offers/{offer_id}/standby": rule(WORKER, 200, 409, owned=WORKER),
    "DELETE /api/workers/offers/{offer_id}/standby": rule(WORKER, 204, 409, owned=WORKER),
    "POST /api/workers/reliability/appeal": rule(
        WORKER, 201, 404, 409, body=lambda _: {"what": "score", "note": "to see who may"}
    ),
    "POST /api/admin/workers/{worker_id}/correct": rule(
        READS_MESSAGES, body=lambda _: {"fields": {"experience_years": 3}, "reason": "asked"}
    ),
    "GET /api/admin/workers/{worker_id}/export": rule(MODERATES),
    "GET /api/admin/employers/{employer_id}/export": rule(MODERATES),
    "POST /api/admin/workers/{worker_id}/erase": rule(
        MODERATES, 409, body=lambda _: {"reason": "asked"}
    ),
    "POST /api/admin/employers/{employer_id}/erase": rule(
        MODERATES, 409, body=lambda _: {"reason": "asked"}
    ),
    "POST /api/admin/bulk/preview": rule(MODERATES, body=_bulk),
    "POST /api/admin/bulk": rule(MODERATES, 202, body=_bulk),
    "GET /api/admin/bulk": rule(ADMIN),
    "GET /api/admin/bulk/{bulk_id}": rule(ADMIN, 404),
    "POST /api/admin/bulk/{bulk_id}/stop": rule(MODERATES, 404),
    "GET /api/admin/settings/history": rule(ADMIN),
    "POST /api/admin/settings/preview": rule(OWNS, body=lambda _: {}),
    "POST /api/admin/settings/history/{change_id}/undo": rule(OWNS, 404),
    "GET /api/admin/market": rule(ADMIN),
    "GET /api/admin/reports/{report_id}": rule(ADMIN, 404),
}
"""What is erased was erased by its owner before: see `_LAST` of the matrix."""
