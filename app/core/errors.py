"""Errors of the domain, which know nothing of HTTP.

`code` is stable and for programs; `detail` tells people what to do next. The edge maps the class once: to
problem+json over HTTP, and to a reply in the chat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self


class DomainError(Exception):
    """Something the domain refuses.

    Subclasses set `code` and `detail`; an instance may override both. `data` holds values that clients may see.
    `other_codes` are those an instance may have instead of `code`; `remedy` tells developers what a program does
    about it. With `keeps_changes` the transaction is committed although the response is an error: a wrong code
    must be counted, a stolen session must end.
    """

    code: ClassVar[str] = "error"
    detail: ClassVar[str] = "The request was refused."
    other_codes: ClassVar[Sequence[str]] = ()
    remedy: ClassVar[str] = "Tell support the request_id."
    keeps_changes: ClassVar[bool] = False

    def __init__(
        self, detail: str | None = None, *, code: str | None = None, **data: object
    ) -> None:
        self.reason = code or self.code
        self.message = detail or self.detail
        self.data: Mapping[str, object] = data
        super().__init__(self.message)


class NotFound(DomainError):
    """There is no such thing, or it belongs to somebody else: the two can't be told apart."""

    code = "not_found"
    detail = "There is no such thing, or it is not yours."
    remedy = "Check the id: list what there is."


class Conflict(DomainError):
    """The state of things forbids this step; `code` names why."""

    code = "conflict"
    detail = "The current state does not allow this."
    remedy = "Read the thing again: it is in another state than this step needs."


class PaymentRequired(DomainError):
    """Nothing was done, because money has to be paid first; `data` tells where."""

    code = "payment_required"
    detail = "This has to be paid first."
    remedy = "Send the person to the address that the answer names."


class Forbidden(DomainError):
    """Known who you are, but this is not yours to do."""

    code = "forbidden"
    detail = "You may not do this."
    remedy = "Don't repeat it; show the detail to the person."


class Unauthenticated(DomainError):
    """Not known who you are."""

    code = "not_authenticated"
    detail = "Sign in and send the access token as 'Authorization: Bearer …'."
    remedy = "Sign in, and send the access token."


class TooMany(DomainError):
    """A limit was reached; `retry_after_seconds` says when it makes sense to try again."""

    code = "rate_limited"
    detail = "Too many requests. Wait a little and try again."
    remedy = "Wait as many seconds as the header Retry-After says, then send it again."

    def __init__(self, retry_after_seconds: int, detail: str | None = None) -> None:
        self.retry_after_seconds = max(1, retry_after_seconds)
        super().__init__(detail)


class Unavailable(DomainError):
    """Something this needs is down or not configured."""

    code = "unavailable"
    detail = "A part that this needs is not available right now. Try again shortly."
    remedy = "Send it again after as many seconds as the header Retry-After says."


@dataclass(frozen=True)
class FieldError:
    """One field that can't be accepted: `field` as a dotted path, `message` for a person."""

    field: str
    message: str


class Invalid(DomainError):
    """Well-formed, but meaningless here; `errors` names the fields."""

    code = "invalid"
    detail = "Some fields can't be accepted; see errors."
    remedy = "Correct the fields that `errors` names, and send it again."

    def __init__(
        self,
        errors: Sequence[FieldError] = (),
        *,
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        self.errors = list(errors)
        super().__init__(detail, code=code)

    @classmethod
    def field(cls, field: str, message: str) -> Self:
        """Return the error for a single field."""
        return cls([FieldError(field, message)])
