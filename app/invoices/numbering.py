"""The numbers of invoices. Pure.

India's rule 46(b): a consecutive number of at most 16 characters (letters, digits, hyphen, slash), unique in a
financial year. Each seller, tax year and kind of document has a series of its own.
"""

from enum import StrEnum
from typing import Final


class InvoiceKind(StrEnum):
    """What a document is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    """Money went back."""
    DEBIT_NOTE = "debit_note"
    """The money of a credit note did not go back after all."""


_LETTERS: Final = {
    InvoiceKind.INVOICE: "I",
    InvoiceKind.CREDIT_NOTE: "C",
    InvoiceKind.DEBIT_NOTE: "D",
}
LONGEST: Final = 16


def number_of(kind: InvoiceKind, year: str, sequence: int) -> str:
    """Return the number of a document: `I/26-27/0000001`. Raises ValueError for one too long."""
    number = f"{_LETTERS[kind]}/{year}/{sequence:07}"
    if len(number) > LONGEST:
        raise ValueError(f"{number} is longer than {LONGEST} characters")
    return number
