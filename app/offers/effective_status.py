"""The effective status of offers in SQL: an open offer past its deadline has expired.

Every list, count and filter goes through here, so that a row still marked `offered` after its
deadline is `expired` to everybody.
"""

import datetime as dt

from sqlalchemy import BindParameter, ColumnElement, and_, case, or_

from app.database.statements import table
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus

type Moment = dt.datetime | BindParameter[dt.datetime]
"""An instant, or the place of one in a statement that is built once and run many times."""

_MATCH = table(JobMatch).c


def effective_status(now: Moment) -> ColumnElement[str]:
    """Return the effective status as an expression (`rules.effective`)."""
    return case((_overdue(now), OfferStatus.EXPIRED.value), else_=_MATCH.status)


def has_status(status: OfferStatus, now: Moment) -> ColumnElement[bool]:
    """Return the condition that an offer's effective status is `status`; it can use the column's indexes."""
    if status is OfferStatus.OFFERED:
        return and_(_MATCH.status == OfferStatus.OFFERED, _MATCH.respond_by > now)
    if status is OfferStatus.EXPIRED:
        return or_(_MATCH.status == OfferStatus.EXPIRED, _overdue(now))
    return _MATCH.status == status


def _overdue(now: Moment) -> ColumnElement[bool]:
    return and_(_MATCH.status == OfferStatus.OFFERED, _MATCH.respond_by <= now)
