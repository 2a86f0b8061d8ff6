"""Stripe's errors, in its shape. Source: Stripe's public API reference, "Errors"."""

from typing import Any

from sandbox.store import Json


class StripeError(Exception):
    """A refused call. `keep` means that what happened before the refusal stays (a decline)."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type_: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        keep: bool = False,
        **more: Any,
    ) -> None:
        """`more` are further fields of the error object, e.g. `decline_code`."""
        super().__init__(message)
        self.message = message
        self.status = status
        self.keep = keep
        self._fields = {"type": type_, "code": code, "param": param, **more}

    @property
    def body(self) -> Json:
        """The answer's JSON."""
        fields = {name: value for name, value in self._fields.items() if value is not None}
        return {"error": {"message": self.message, **fields}}


def missing(kind: str, id_: str, param: str = "id") -> StripeError:
    """What the API says about an id that it does not know."""
    return StripeError(
        f"No such {kind}: '{id_}'",
        status=404 if param == "id" else 400,
        code="resource_missing",
        param=param,
    )
