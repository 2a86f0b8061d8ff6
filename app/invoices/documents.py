"""What an invoice, a credit note or a debit note says, as the JSON that is kept. Pure.

The keys of a snapshot are for good: one issued years ago is still read, shown and printed by them.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from uuid import UUID

from app.taxes.quote import PlaceOfSupply, Quote, TaxAmount, part_of_taxes, together

VERSION: Final = 1
"""Of the snapshot's keys."""


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One thing sold, or given back: what it is, and its price with taxes."""

    payment_id: UUID
    description: str
    quote: Quote


@dataclass(frozen=True, slots=True)
class Party:
    """A seller or buyer, as it is called on the document."""

    name: str
    address: str | None
    tax_id: str | None


def given_back(line: DocumentLine, so_far: int, amount: int) -> DocumentLine:
    """Return the line of a note over `amount` minor units of a line, after `so_far` was given back.

    Taxes follow in proportion; when all of the line is given back, they are all of its taxes.
    """
    taxes = part_of_taxes(line.quote, so_far, amount)
    net = amount - sum(tax.amount for tax in taxes)
    return replace(line, quote=replace(line.quote, net=net, taxes=taxes, total=amount))


def snapshot(
    lines: Sequence[DocumentLine],
    *,
    kind: str,
    number: str,
    issued_at: dt.datetime,
    seller: Party,
    buyer: Party,
    buyer_city: str | None,
    about: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return all that a document says, but for the buyer's address, which is kept sealed.

    `about` names the invoice that a note changes, by number and instant. All lines have one currency, seller
    and place of supply.
    """
    first = lines[0].quote
    totals = together([line.quote for line in lines])
    return {
        "version": VERSION,
        "kind": kind,
        "number": number,
        "issued_at": issued_at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "seller": asdict(seller),
        "buyer": {"name": buyer.name, "city": buyer_city, "tax_id": buyer.tax_id},
        "place_of_supply": asdict(first.place_of_supply) if first.place_of_supply else None,
        "reverse_charge": False,
        "pack": first.pack,
        "currency": first.currency,
        "lines": [
            {
                "payment_id": str(line.payment_id),
                "description": line.description,
                "service_code": line.quote.service_code,
                "net": line.quote.net,
                "taxes": [asdict(tax) for tax in line.quote.taxes],
                "total": line.quote.total,
            }
            for line in lines
        ],
        "net": totals.net,
        "taxes": [asdict(tax) for tax in totals.taxes],
        "total": totals.total,
        "about": dict(about) if about else None,
    }


def line_of(kept: Mapping[str, Any], payment_id: UUID) -> DocumentLine:
    """Return a payment's line of a snapshot, as it was given to `snapshot`. Raises KeyError for none."""
    for line in kept["lines"]:
        if line["payment_id"] == str(payment_id):
            place = kept["place_of_supply"]
            quote = Quote(
                kept["currency"],
                line["net"],
                tuple(TaxAmount(**tax) for tax in line["taxes"]),
                line["total"],
                pack=kept["pack"],
                service_code=line["service_code"],
                seller_tax_id=kept["seller"]["tax_id"],
                buyer_tax_id=kept["buyer"]["tax_id"],
                place_of_supply=PlaceOfSupply(**place) if place else None,
            )
            return DocumentLine(payment_id, line["description"], quote)
    raise KeyError(payment_id)
