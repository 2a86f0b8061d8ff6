"""Razorpay's errors, in its shape. Source: https://razorpay.com/docs/errors."""

from sandbox.store import Json


class RazorpayError(Exception):
    """A refused call; `description` is Razorpay's sentence."""

    def __init__(
        self,
        description: str,
        *,
        status: int = 400,
        code: str = "BAD_REQUEST_ERROR",
        field: str | None = None,
        reason: str = "input_validation_failed",
    ) -> None:
        """`field` is the parameter that is wrong."""
        super().__init__(description)
        self.description = description
        self.status = status
        self._field = field
        self._code = code
        self._reason = reason

    @property
    def body(self) -> Json:
        """The answer's JSON."""
        error: Json = {
            "code": self._code,
            "description": self.description,
            "source": "business" if self.status < 500 else "internal",
            "step": "payment_initiation",
            "reason": self._reason if self.status < 500 else "server_error",
            "metadata": {},
        }
        return {"error": error | ({"field": self._field} if self._field else {})}


def missing() -> RazorpayError:
    """What the API says about an id that it does not know."""
    return RazorpayError("The id provided does not exist")


def not_modelled(names: list[str]) -> RazorpayError:
    """Refuse parameters that Razorpay knows or not, and this stand-in does not model."""
    said = ", ".join(sorted(names))
    return RazorpayError(f"{said} is/are not required and should not be sent", field=said)
