"""A quote as the API shows it: what of a price is net, and what is tax."""

from pydantic import Field

from app.core.money import Money
from app.core.schema import MoneyAnswer, ResponseModel
from app.taxes.quote import Quote


class TaxAnswer(ResponseModel):
    """One tax of a price."""

    name: str = Field(description="Name of the tax, as invoices show it.", examples=["CGST"])
    rate_percent: float = Field(description="Rate in percent of net.", examples=[9.0])
    amount: MoneyAnswer = Field(description="How much of the total it is.")


class QuoteAnswer(ResponseModel):
    """A price with its taxes: net and taxes sum to the total, which is what is paid."""

    net: MoneyAnswer = Field(description="What is left of the total without taxes.")
    taxes: list[TaxAnswer] = Field(
        description="The taxes that the total includes; empty where the seller charges none."
    )
    total: MoneyAnswer = Field(description="What is paid.")

    @classmethod
    def of(cls, quote: Quote) -> "QuoteAnswer":
        """Return the answer for a quote."""

        def money(amount: int) -> MoneyAnswer:
            return MoneyAnswer.of(Money(amount, quote.currency))

        taxes = [
            TaxAnswer(name=tax.name, rate_percent=tax.rate_percent, amount=money(tax.amount))
            for tax in quote.taxes
        ]
        return cls(net=money(quote.net), taxes=taxes, total=money(quote.total))
