"""What must hold of offers: as many acceptances as there may be, counted rightly, and everybody told."""

from typing import Final

from sqlalchemy import Uuid, and_, bindparam, cast, exists, func, or_, select

from app.audit.models import AdminActionLog
from app.core.invariants import Invariant, always
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
_TARGET: Final = cast(func.replace(AdminActionLog.target_id, "-", ""), Uuid)
"""What a row of the log is about, as the tables write ids."""
_TAKEN_BACK: Final = (JobStatus.CANCELLED, JobStatus.CLOSED)
_CANCELLED: Final = (
    select(_TARGET.label("job_id"), func.max(AdminActionLog.number).label("number"))
    .where(AdminActionLog.action.in_(("job.cancel", "job.close")))
    .group_by(_TARGET)
    .subquery()
)
_TAKEN_AFTER_THE_END: Final = (
    select(func.count(Job.id.distinct()))
    .join(_CANCELLED, _CANCELLED.c.job_id == Job.id)
    .join(JobMatch, JobMatch.job_id == Job.id)
    .join(AdminActionLog, JobMatch.id == _TARGET)
    .where(
        Job.status.in_(_TAKEN_BACK),
        JobMatch.status == OfferStatus.ACCEPTED,
        AdminActionLog.action == "offer.accept",
        # By the log, whose numbers are the order of commits. Instants are not: each is taken when its
        # request comes, and who came first may wait longer for the job's row.
        AdminActionLog.number > _CANCELLED.c.number,
    )
)

INVARIANTS: Final = (
    always("no job has more acceptances than its limit", Job, Job.accepted > Job.accept_limit),
    always("a job counts its acceptances rightly", Job, Job.accepted != _ACCEPTED),
    always("a job counts its unlocked contacts rightly", Job, Job.unlocked != _UNLOCKED),
    Invariant(
        "nothing was accepted after its job was cancelled or closed",
        select(func.count()).select_from(Job).where(Job.status.in_(_TAKEN_BACK)),
        _TAKEN_AFTER_THE_END,
    ),
    always(
        "an answer has its time",
        JobMatch,
        JobMatch.responded_at.is_(None),
        JobMatch.status.in_((OfferStatus.ACCEPTED, OfferStatus.REJECTED)),
    ),
    always(
        "no offer is lost: its message is there",
        JobMatch,
        and_(~_TOLD, _REACHABLE),
        # Those of older ones are deleted (`messaging.retention`).
        JobMatch.offered_at > bindparam("messages_since"),
    ),
)
