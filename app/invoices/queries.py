"""Reading invoices: an employer's own, and any by its id for administrators."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.paging import Keyset, PageRequest
from app.database.session import keyring
from app.database.statements import contains_text
from app.invoices.issue import ADDRESS
from app.invoices.models import Invoice
from app.invoices.numbering import InvoiceKind

_NEWEST_FIRST = Keyset("invoices", [Invoice.id])


class InvoiceNotFound(NotFound):
    """There is no such invoice for whoever asks."""

    code = "invoice_not_found"
    detail = "There is no such invoice, or it is not yours."


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice or a note, with the buyer's address as it says it."""

    invoice: Invoice
    buyer_address: str | None


async def list_invoices(
    session: AsyncSession,
    employer_id: UUID,
    kind: InvoiceKind | None,
    page: PageRequest,
    *,
    text: str | None = None,
) -> tuple[list[Invoice], str | None]:
    """Return a page of an employer's documents, newest first, and the next cursor; `text` stands in their number.

    Raises `Invalid`.
    """
    query = select(Invoice).where(Invoice.employer_id == employer_id)
    if kind is not None:
        query = query.where(Invoice.kind == kind)
    if text is not None:
        query = query.where(contains_text(text, Invoice.number))
    rows, cursor = await _NEWEST_FIRST.fetch(session, query, page, keyring(session))
    return [row[0] for row in rows], cursor


async def get_document(
    session: AsyncSession, invoice_id: UUID, *, of: UUID | None = None
) -> Document:
    """Return a document; with `of`, only one of that employer. Raises `InvoiceNotFound`."""
    query = select(Invoice).where(Invoice.id == invoice_id)
    if of is not None:
        query = query.where(Invoice.employer_id == of)
    invoice = await session.scalar(query)
    if invoice is None:
        raise InvoiceNotFound
    return Document(invoice, keyring(session).reveal(invoice.buyer_address_sealed, ADDRESS))
