"""What must hold of offers: as many acceptances as there may be, counted rightly, and everybody told."""

from typing import Final

from sqlalchemy import and_, exists, func, or_, select

from app.core.invariants import always
from app.identity.models import User, UserStatus
from app.jobs.models import Job, JobStatus
from app.messaging.models import OutboxMessage
from app.offers.models import JobMatch, OfferStatus

_ACCEPTED: Final = (
    select(func.count())
    .where(JobMatch.job_id == Job.id, JobMatch.status == OfferStatus.ACCEPTED)
    .scalar_subquery()
)
_UNLOCKED: Final = (
    select(func.count())
    .where(JobMatch.job_id == Job.id, JobMatch.unlocked_at.is_not(None))
    .scalar_subquery()
)
_TOLD: Final = exists().where(
    OutboxMessage.subject_id == JobMatch.id, OutboxMessage.kind == "job_offer"
)
_REACHABLE: Final = exists().where(
    User.id == JobMatch.worker_id,
    User.status == UserStatus.ACTIVE,
    or_(User.phone_index.is_not(None), User.chat_user_id.is_not(None)),
)
_TAKEN_AFTER_THE_END: Final = exists().where(
    JobMatch.job_id == Job.id,
    JobMatch.status == OfferStatus.ACCEPTED,
    JobMatch.responded_at > Job.closed_at,
)

INVARIANTS: Final = (
    always("no job has more acceptances than its limit", Job, Job.accepted > Job.accept_limit),
    always("a job counts its acceptances rightly", Job, Job.accepted != _ACCEPTED),
    always("a job counts its unlocked contacts rightly", Job, Job.unlocked != _UNLOCKED),
    always(
        "nothing was accepted after its job was cancelled",
        Job,
        _TAKEN_AFTER_THE_END,
        Job.status == JobStatus.CANCELLED,
    ),
    always(
        "an answer has its time",
        JobMatch,
        JobMatch.responded_at.is_(None),
        JobMatch.status.in_((OfferStatus.ACCEPTED, OfferStatus.REJECTED)),
    ),
    always("no offer is lost: its message is there", JobMatch, and_(~_TOLD, _REACHABLE)),
)
