"""Every `code` that an error can have, and what it means: collected from the error classes.

Nothing is listed here by hand but what the edge itself answers with, so that the document, the reference
page and the code can't drift apart.
"""

from collections.abc import Iterator
from dataclasses import replace

from app.api.http.problems import EDGE_CODES, ErrorCode, codes_of, status_of
from app.core.errors import DomainError


def error_codes() -> list[ErrorCode]:
    """Return every code with each status it comes with, in the order of the alphabet."""
    found: dict[tuple[str, int], ErrorCode] = {}
    for error in [*EDGE_CODES, *_of_domain()]:
        other = found.setdefault((error.code, error.status), error)
        if error.when not in other.when:
            # Two classes of one code tell a client the same; both say when.
            found[error.code, error.status] = replace(other, when=f"{other.when} {error.when}")
    return [found[key] for key in sorted(found)]


def _classes(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _classes(child)


def _of_domain() -> Iterator[ErrorCode]:
    for kind in _classes(DomainError):
        told = " ".join((kind.__doc__ or "").partition("\n\n")[0].split())
        for code in codes_of(kind):
            yield ErrorCode(code, status_of(kind), told, kind.remedy)
