"""Every `code` that an error can have, collected from the error classes and their docstrings."""

from collections.abc import Iterator
from dataclasses import replace

from app.api.http.problems import EDGE_CODES, ErrorCode, codes_of, status_of
from app.core.errors import DomainError


def error_codes() -> list[ErrorCode]:
    """Return every code with each of its statuses, in alphabetical order."""
    found: dict[tuple[str, int], ErrorCode] = {}
    for error in [*EDGE_CODES, *_of_domain()]:
        other = found.setdefault((error.code, error.status), error)
        if error.when not in other.when:
            # Two classes share the code: their texts are joined.
            found[error.code, error.status] = replace(other, when=f"{other.when} {error.when}")
    return [found[key] for key in sorted(found)]


def _classes(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _classes(child)


def _of_domain() -> Iterator[ErrorCode]:
    for kind in _classes(DomainError):
        when = " ".join((kind.__doc__ or "").partition("\n\n")[0].split())
        for code in codes_of(kind):
            yield ErrorCode(code, status_of(kind), when, kind.remedy)
