"""A worker reports an employer whose offer they got; our team reads the report."""

import datetime as dt
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.metrics import ALERTS
from app.identity.actor import Actor
from app.masking.mask import mask


def report_employer(
    session: AsyncSession,
    employer_id: UUID,
    match_id: UUID,
    words: str,
    actor: Actor,
    *,
    now: dt.datetime,
) -> None:
    """Log what a worker (`actor`) says is wrong with the employer of a match, and alert our team.

    Contacts in `words` are masked. `offers.queries.employer_of_offer` finds the employer.
    """
    audit.record(
        session,
        "employer.report",
        employer_id,
        actor,
        now,
        reason=mask(words),
        after={"match_id": str(match_id)},
    )
    ALERTS.labels("employer_reported").inc()
