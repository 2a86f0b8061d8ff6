"""What a job pays the worker, as it is sent and as it is answered."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from app.core.money import Money, exponent
from app.core.schema import Amount, Currency, MoneyAnswer, RequestModel
from app.jobs.usual_pay import least_usual


class Salary(RequestModel):
    """What the worker is told they earn, in minor units; for information only."""

    currency: Currency = Field(examples=["INR"], description="Currency, three letters of ISO 4217.")
    per: Literal["hour", "day", "week", "month"] = Field(description="For how long it is paid.")
    amount: Amount = Field(examples=[15_000], description="Amount in minor units of the currency.")

    @field_validator("amount")
    @classmethod
    def _is_in_minor_units(cls, amount: int, info: ValidationInfo) -> int:
        currency, per = info.data.get("currency"), info.data.get("per")
        if currency and per and amount < (least := least_usual(currency, per)):
            decimals = exponent(currency)
            meant = f"{amount / 10**decimals:.{decimals}f} {currency} per {per}"
            raise ValueError(
                f"means {meant}: it is in minor units ({10**decimals} to one {currency}), "
                f"and at least {least} here"
            )
        return amount


class SalaryAnswer(MoneyAnswer):
    """What the employer pays the worker; for information only."""

    per: str = Field(
        examples=["hour"], description="For how long it is paid: hour, day, week or month."
    )

    @classmethod
    def or_none(cls, money: Money | None, per: str | None) -> "SalaryAnswer | None":
        """Return the answer, or None where the employer names no pay."""
        if money is None or per is None:
            return None
        return cls(amount=money.amount, currency=money.currency, per=per)
