"""What must hold of invoices: no number is missing, and each sums to its total."""

from typing import Final

from sqlalchemy import func, or_, select

from app.core.invariants import Invariant, always
from app.invoices.models import Invoice, InvoiceSeries

_OF_SERIES: Final = (
    Invoice.seller == InvoiceSeries.seller,
    Invoice.year == InvoiceSeries.year,
    Invoice.kind == InvoiceSeries.kind,
)
_COUNT: Final = (
    select(func.count(Invoice.id)).where(*_OF_SERIES).correlate(InvoiceSeries).scalar_subquery()
)
_HIGHEST: Final = (
    select(func.coalesce(func.max(Invoice.sequence), 0))
    .where(*_OF_SERIES)
    .correlate(InvoiceSeries)
    .scalar_subquery()
)

INVARIANTS: Final[tuple[Invariant, ...]] = (
    always(
        "invoices are numbered without a gap",
        InvoiceSeries,
        or_(InvoiceSeries.last_number != _COUNT, InvoiceSeries.last_number != _HIGHEST),
    ),
    always(
        "net and taxes of an invoice are its total, and not below zero",
        Invoice,
        or_(
            Invoice.net + Invoice.tax != Invoice.total,
            Invoice.net < 0,
            Invoice.tax < 0,
            Invoice.total <= 0,
        ),
    ),
)
