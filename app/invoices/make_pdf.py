"""PDFs in a thread, one at a time: the server answers others meanwhile."""

from collections.abc import Mapping
from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

from app.invoices.queries import Document

AT_ONCE: Final = 1
"""A PDF takes a tenth of a second of the processor, which threads share."""
_threads: RunVar[CapacityLimiter] = RunVar("invoice_pdfs")


async def make_pdf(document: Document) -> bytes:
    """Return a document as PDF: the same bytes each time."""
    try:
        limiter = _threads.get()
    except LookupError:
        limiter = CapacityLimiter(AT_ONCE)
        _threads.set(limiter)
    said, address = document.invoice.snapshot, document.buyer_address
    return await to_thread.run_sync(_make, said, address, limiter=limiter)


def _make(snapshot: Mapping[str, Any], buyer_address: str | None) -> bytes:
    # It takes half a second to load, and most processes never make one.
    from app.invoices.pdf import pdf_of

    return pdf_of(snapshot, buyer_address)
