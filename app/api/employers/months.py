"""My figures by month: `/api/employers/dashboard/months`."""

from fastapi import APIRouter
from pydantic import Field

from app.api.http.dependencies import EmployerActor, Now, Read, Route
from app.core.schema import Day, MoneyAnswer, Page, ResponseModel
from app.reporting.employer_months import months_of

router = APIRouter(prefix="/api/employers/dashboard", tags=["employers"], route_class=Route)


class MonthFigures(ResponseModel):
    """My figures of one calendar month; jobs count in the month they were published in."""

    begins: Day = Field(description="First day of the month.")
    spend: MoneyAnswer = Field(description="Paid for leads less refunds.")
    places: int = Field(description="How many people were wanted.")
    filled: int = Field(description="Of these places, those with a contact.")
    fill_rate: float | None = Field(
        description="Filled of all places, 0 to 1; null where none was wanted."
    )
    median_minutes_to_first_accept: float | None = Field(
        description="From publishing to the first acceptance, over the month's newest 200 jobs; null where none had one."
    )


@router.get("/months")
async def list_dashboard_months(
    session: Read, actor: EmployerActor, now: Now
) -> Page[MonthFigures]:
    """List my figures of this month and the five before it, the oldest first."""
    found = await months_of(session, actor.employer_id, now)
    items = [
        MonthFigures(
            begins=month.begins,
            spend=MoneyAnswer.of(month.spend),
            places=month.places,
            filled=month.filled,
            fill_rate=None if month.fill_rate is None else round(month.fill_rate, 3),
            median_minutes_to_first_accept=month.median_minutes_to_first_accept,
        )
        for month in found
    ]
    return Page(items=items, next_cursor=None)
