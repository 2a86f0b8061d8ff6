"""The card that an employer agreed to have kept at the payment provider."""

from fastapi import APIRouter
from pydantic import Field

from app.api.http.dependencies import CompanyOwnerApart, EmployerActorApart, Now, Route, Rt
from app.api.http.problems import problems
from app.core.schema import ResponseModel
from app.payments import saved_card
from app.payments.provider import PaymentsUnavailable

router = APIRouter(prefix="/api/employers", tags=["employers"], route_class=Route)


class CardShown(ResponseModel):
    """What tells one card from another."""

    brand: str = Field(description="The card's brand, as the provider calls it.", examples=["visa"])
    last4: str = Field(description="Its last four digits.", examples=["4242"])
    exp_month: int = Field(description="Month in which it expires, 1 to 12.")
    exp_year: int = Field(description="Year in which it expires.")


class CardAnswer(ResponseModel):
    """The kept card; only the payment provider has its number."""

    card: CardShown | None = Field(
        description="The newest card you agreed to have kept; null where there is none."
    )


@router.get("/card", responses=problems(PaymentsUnavailable))
async def get_card(actor: EmployerActorApart, rt: Rt, now: Now) -> CardAnswer:
    """Return the card that you agreed to have kept on the payment page; it is offered there again."""
    cards = await saved_card.list_cards(rt.database, rt.payments, actor.employer_id, now)
    return CardAnswer(card=CardShown.model_validate(cards[0]) if cards else None)


@router.delete("/card", status_code=204, responses=problems(PaymentsUnavailable))
async def remove_card(actor: CompanyOwnerApart, rt: Rt, now: Now) -> None:
    """Have every kept card removed at the payment provider."""
    await saved_card.remove_cards(rt.database, rt.payments, actor.employer_id, now)
