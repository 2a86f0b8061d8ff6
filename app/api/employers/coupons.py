"""The field by which a purchase names a coupon."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

CouponText = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]{3,20}$", strict=True), AfterValidator(str.upper)
]
COUPON: Any = Field(
    default=None,
    description="Code of a coupon, 3 to 20 letters and digits; the quote then shows what is left to pay.",
)
