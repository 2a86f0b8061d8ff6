"""How offers stand, in SQL: the deadline counts whether or not a process has noted that it passed.

Every list, count and filter goes through here, so that a row still marked `offered` after its
deadline is `expired` to everybody.
"""

import datetime as dt

from sqlalchemy import ColumnElement, and_, case, or_

from app.offers.models import JobMatch
from app.offers.rules import OfferStatus


def effective_status(now: dt.datetime) -> ColumnElement[str]:
    """The status as everybody sees it (`rules.effective`)."""
    return case((_overdue(now), OfferStatus.EXPIRED.value), else_=JobMatch.status)


def stands(status: OfferStatus, now: dt.datetime) -> ColumnElement[bool]:
    """Whether the offer stands in `status`, written so that the indexes on the column serve."""
    if status is OfferStatus.OFFERED:
        return and_(JobMatch.status == OfferStatus.OFFERED, JobMatch.respond_by > now)
    if status is OfferStatus.EXPIRED:
        return or_(JobMatch.status == OfferStatus.EXPIRED, _overdue(now))
    return JobMatch.status == status


def _overdue(now: dt.datetime) -> ColumnElement[bool]:
    return and_(JobMatch.status == OfferStatus.OFFERED, JobMatch.respond_by <= now)
