"""Invoices as JSON, for employers and administrators."""

from typing import Any
from uuid import UUID

from pydantic import Field
from starlette.responses import Response

from app.api.http.quotes import TaxAnswer
from app.core.money import Money
from app.core.schema import Instant, MoneyAnswer, ResponseModel
from app.invoices.make_pdf import make_pdf
from app.invoices.models import Invoice
from app.invoices.numbering import InvoiceKind
from app.invoices.queries import Document


class InvoiceAnswer(ResponseModel):
    """An invoice, credit note or debit note."""

    id: UUID = Field(description="Its id (UUIDv7).")
    number: str = Field(
        description="Its number, without a gap in the seller's tax year.",
        examples=["I/26-27/0000001"],
    )
    kind: InvoiceKind = Field(description="What it is.")
    issued_at: Instant = Field(description="When it was issued (UTC).")
    net: MoneyAnswer = Field(description="What of the total is no tax.")
    taxes: list[TaxAnswer] = Field(description="The taxes that the total includes.")
    total: MoneyAnswer = Field(description="What was paid, or went back.")
    order_id: UUID | None = Field(
        description="Id of the order it is for; null for a lead bought by itself."
    )


class SellerAnswer(ResponseModel):
    """The seller, as the document calls it."""

    name: str = Field(description="Legal name.")
    address: str | None = Field(description="Address; null when none was set.")
    tax_id: str | None = Field(description="Tax number (GSTIN in India); null when it has none.")


class BuyerAnswer(SellerAnswer):
    """The buyer, as the document calls it."""

    city: str | None = Field(description="City; null when not told.")


class PlaceOfSupplyAnswer(ResponseModel):
    """A place, by the tax office's list."""

    code: str = Field(description="Code of the place, such as a state's.", examples=["27"])
    name: str = Field(description="Name of the place.", examples=["Maharashtra"])


class LineAnswer(ResponseModel):
    """One thing that was sold, or given back."""

    payment_id: UUID = Field(description="Id of the payment.")
    description: str = Field(description="What was sold.")
    service_code: str | None = Field(
        description="What it is by the tax office's list (SAC in India); null where no tax is due."
    )
    net: MoneyAnswer = Field(description="What of the total is no tax.")
    taxes: list[TaxAnswer] = Field(description="The taxes that the total includes.")
    total: MoneyAnswer = Field(description="Its price, taxes included.")


class AboutAnswer(ResponseModel):
    """The invoice that a note changes."""

    number: str = Field(description="Number of the invoice.")
    issued_at: Instant = Field(description="When the invoice was issued (UTC).")


class InvoiceDocument(InvoiceAnswer):
    """All that an invoice, credit note or debit note says, for good."""

    seller: SellerAnswer = Field(description="Who sold.")
    buyer: BuyerAnswer = Field(description="Who bought.")
    place_of_supply: PlaceOfSupplyAnswer | None = Field(
        description="Where the sale counts as made; null where no tax is due."
    )
    reverse_charge: bool = Field(description="Whether the buyer owes the tax; never, so far.")
    lines: list[LineAnswer] = Field(description="What was sold, or given back.")
    about: AboutAnswer | None = Field(description="The invoice that a note changes; null for one.")


def invoice_answer(invoice: Invoice) -> InvoiceAnswer:
    """Return a document as lists show it."""
    return InvoiceAnswer.from_rows(invoice, **_amounts(invoice.snapshot, invoice.currency))


def document_answer(document: Document) -> InvoiceDocument:
    """Return all of a document."""
    invoice, said = document.invoice, document.invoice.snapshot
    return InvoiceDocument.from_rows(
        invoice,
        **_amounts(said, invoice.currency),
        seller=said["seller"],
        buyer=said["buyer"] | {"address": document.buyer_address},
        place_of_supply=said["place_of_supply"],
        reverse_charge=said["reverse_charge"],
        lines=[
            {name: line[name] for name in ("payment_id", "description", "service_code")}
            | _amounts(line, invoice.currency)
            for line in said["lines"]
        ],
        about=said["about"],
    )


PDF_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}
"""Documents that a route answers with a PDF."""


async def pdf_answer(document: Document) -> Response:
    """Return a document as a PDF file."""
    name = document.invoice.number.replace("/", "-")
    return Response(
        await make_pdf(document),
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}.pdf"'},
    )


def _amounts(said: Any, currency: str) -> dict[str, Any]:
    def money(amount: int) -> MoneyAnswer:
        return MoneyAnswer.of(Money(amount, currency))

    taxes = [TaxAnswer(**{**tax, "amount": money(tax["amount"])}) for tax in said["taxes"]]
    return {"net": money(said["net"]), "taxes": taxes, "total": money(said["total"])}
