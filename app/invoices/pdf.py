"""An invoice as PDF, made of its snapshot alone: the same bytes whenever it is asked for.

It says in English what India's rule 46 asks for; names are shown as they were written, in Latin, Greek, Cyrillic
and Devanagari letters (others as boxes: the JSON has them). Making one takes tens of milliseconds of the
processor, so a server does it in a thread.
"""

import datetime as dt
import logging
import unicodedata
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace, TTFFont

from app.core.money import exponent
from app.invoices.numbering import InvoiceKind
from app.taxes.pack import get_pack

_FONTS: Final = files("app.invoices") / "fonts"
_LATIN, _DEVANAGARI = "NotoSans", "NotoSansDevanagari"
_TITLES: Final = {
    InvoiceKind.INVOICE: "Invoice",
    InvoiceKind.CREDIT_NOTE: "Credit note",
    InvoiceKind.DEBIT_NOTE: "Debit note",
}
_JOINERS: Final = "\u200c\u200d"
"""Part of words in Devanagari; other invisible signs only disturb what stands around them."""
_GREY: Final = FontFace(fill_color=(235, 235, 235))
_LONGEST: Final = 400
"""Characters of a name or address on paper; twice as many as any form takes."""
_SMALL, _NORMAL, _LARGE = 8, 10, 18
_LINE: Final = 5.5
"""Millimetres from one line to the next."""

# It would tell every letter that no font has.
logging.getLogger("fpdf").setLevel(logging.ERROR)
logging.getLogger("fontTools").setLevel(logging.ERROR)


class _Paper(FPDF):
    """A page with the fonts of an invoice, and its number below."""

    def __init__(self, number: str, issued_at: dt.datetime) -> None:
        super().__init__(format="A4")
        self._number = number
        for name in (_LATIN, _DEVANAGARI):
            self.add_font(name, fname=str(_FONTS / f"{name}-Regular.ttf"))
        self.set_fallback_fonts([_DEVANAGARI], exact_match=False)
        self.set_font(_LATIN, size=_NORMAL)
        self.set_text_shaping(use_shaping_engine=True)
        self.set_margin(18)
        self.set_auto_page_break(auto=True, margin=20)
        self.set_creation_date(issued_at)
        self.set_producer("Partimer")
        self.set_title(number)
        self.set_lang("en")

    def footer(self) -> None:
        """Write which page of which document it is."""
        self.set_y(-15)
        self.set_font(_LATIN, size=_SMALL)
        self.cell(0, 5, f"{self._number} · page {self.page_no()}", align=Align.C)
        self.set_font(_LATIN, size=_NORMAL)

    def close(self) -> None:
        """Close the files of the fonts, which are read until the document is written."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def say(self, text: str, size: int = _NORMAL) -> None:
        """Write lines of text below what is there."""
        self.set_font(_LATIN, size=size)
        height = _LINE * size / _NORMAL
        self.multi_cell(0, height, text, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font(_LATIN, size=_NORMAL)


def pdf_of(snapshot: Mapping[str, Any], buyer_address: str | None) -> bytes:
    """Return the document of a snapshot (`app.invoices.documents`) as PDF."""
    issued_at = dt.datetime.fromisoformat(snapshot["issued_at"])
    paper = _Paper(snapshot["number"], issued_at)
    try:
        _write(paper, snapshot, issued_at, buyer_address)
        return bytes(paper.output())
    finally:
        paper.close()


def _write(
    paper: _Paper, snapshot: Mapping[str, Any], issued_at: dt.datetime, buyer_address: str | None
) -> None:
    paper.add_page()
    kind = InvoiceKind(snapshot["kind"])
    taxed = bool(snapshot["taxes"])
    title = "Tax invoice" if taxed and kind is InvoiceKind.INVOICE else _TITLES[kind]
    paper.say(title, _LARGE)
    zone = get_pack(snapshot["pack"]).zone
    paper.say(f"Number: {snapshot['number']}")
    paper.say(f"Date: {_day(issued_at, zone)}")
    if about := snapshot["about"]:
        of = dt.datetime.fromisoformat(about["issued_at"])
        paper.say(f"For invoice: {about['number']} of {_day(of, zone)}")
    paper.ln(3)
    _party(paper, "Seller", snapshot["seller"], snapshot["seller"]["address"], None)
    _party(paper, "Buyer", snapshot["buyer"], buyer_address, snapshot["buyer"]["city"])
    if place := snapshot["place_of_supply"]:
        paper.say(f"Place of supply: {place['name']} ({place['code']})")
        paper.say(f"Reverse charge: {'yes' if snapshot['reverse_charge'] else 'no'}")
        paper.ln(3)
    currency = snapshot["currency"]
    _table(paper, _lines(snapshot, currency), (8, 74, 20, 24, 24, 24))
    paper.ln(4)
    sums = [("Net", _amount(snapshot["net"], currency))]
    sums += [
        (f"{tax['name']} {tax['rate_percent']:g} %", _amount(tax["amount"], currency))
        for tax in snapshot["taxes"]
    ]
    sums.append((f"Total {currency}", _amount(snapshot["total"], currency)))
    _table(paper, sums, (40, 30), heading=False)
    paper.ln(6)
    paper.say("Made by computer; valid without a signature.", _SMALL)


def _party(
    paper: _Paper, role: str, party: Mapping[str, Any], address: str | None, city: str | None
) -> None:
    paper.say(role, _SMALL)
    paper.say(_plain(party["name"]))
    for line in (address, city):
        if line:
            paper.say(_plain(line))
    if party["tax_id"]:
        paper.say(f"Tax number (GSTIN): {_plain(party['tax_id'])}")
    paper.ln(3)


def _lines(snapshot: Mapping[str, Any], currency: str) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = [("", "What", "Code (SAC)", "Net", "Tax", f"Total {currency}")]
    for position, line in enumerate(snapshot["lines"], 1):
        tax = line["total"] - line["net"]
        amounts = (_amount(each, currency) for each in (line["net"], tax, line["total"]))
        code = line["service_code"] or ""
        rows.append((f"{position}", _plain(line["description"]), code, *amounts))
    return rows


def _table(
    paper: _Paper, rows: Sequence[Sequence[str]], widths: tuple[int, ...], *, heading: bool = True
) -> None:
    words = len(widths) - 3 if heading else 1
    align = tuple(Align.L if column < words else Align.R for column in range(len(widths)))
    with paper.table(
        rows,
        col_widths=widths,
        width=sum(widths),
        text_align=align,
        align=Align.L if heading else Align.R,
        line_height=_LINE,
        first_row_as_headings=heading,
        headings_style=_GREY,
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        markdown=False,
    ):
        pass


def _day(at: dt.datetime, zone: dt.tzinfo) -> str:
    return at.astimezone(zone).strftime("%d-%m-%Y")


def _amount(amount: int, currency: str) -> str:
    """Return an amount in whole units with the currency's decimals: `1,234.50`."""
    decimals = exponent(currency)
    sign, digits = "-" if amount < 0 else "", f"{abs(amount):0{decimals + 1}}"
    whole = f"{int(digits[: len(digits) - decimals]):,}"
    return f"{sign}{whole}.{digits[len(digits) - decimals :]}" if decimals else f"{sign}{whole}"


def _plain(text: str) -> str:
    """Return text without signs that have no shape: they could turn or hide what stands around them.

    What is longer than anybody could have entered is cut: it would not fit a page.
    """
    spaced = "".join(" " if c.isspace() else c for c in text[:_LONGEST])
    return "".join(c for c in spaced if c in _JOINERS or unicodedata.category(c)[0] != "C")
