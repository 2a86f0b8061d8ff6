"""How the market is doing, for administrators: who gets how far, how jobs fill, where people and jobs are."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.access import StatsReader
from app.api.http.dependencies import Now, Read, Route
from app.catalogue import places
from app.catalogue.places import Place
from app.core.errors import Invalid
from app.core.schema import ResponseModel
from app.reporting import market
from app.reporting.market import Filling

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class FunnelAnswer(ResponseModel):
    """Workers who registered in the period, by how far they have come."""

    registered: int = Field(description="Workers who registered.")
    active: int = Field(description="Those of them who proved their phone and are not shut out.")
    offered: int = Field(description="Those of them who got an offer.")
    accepted: int = Field(description="Those of them whose yes stands.")
    unlocked: int = Field(description="Those of them whose contact was bought.")


class FillingAnswer(ResponseModel):
    """How jobs of one kind were filled."""

    name: str = Field(description="The city, category or skill; empty where jobs tell none.")
    jobs: int = Field(description="Jobs that were published in the period.")
    positions: int = Field(description="Positions of them.")
    filled: int = Field(description="Positions whose contact was bought.")
    fill_rate: float | None = Field(description="Share that was filled, 0 to 1; null without any.")
    offers: int = Field(description="Offers that went out.")
    median_minutes_to_first_yes: float | None = Field(
        description="Minutes from publishing to the first yes, of jobs that got one; null without any."
    )


class OffersStep(ResponseModel):
    """Workers by how many offers they got in the period."""

    at_least: int = Field(description="So many offers, up to the next step.")
    workers: int = Field(description="Active workers who got so many.")


class MapCell(ResponseModel):
    """A cell of about a kilometre with people or work in it."""

    latitude: float = Field(description="Its southern edge (WGS 84, degrees).")
    longitude: float = Field(description="Its western edge (WGS 84, degrees).")
    workers: int | None = Field(
        description=f"Active workers; null for fewer than {market.LEAST_SHOWN}, who could be told apart."
    )
    open_positions: int = Field(description="Positions of open jobs that nobody was bought for.")


class MarketMap(ResponseModel):
    """Supply and demand around the middle of a city."""

    city: str = Field(description="The city.")
    latitude: float = Field(description="Its middle (WGS 84, degrees).")
    longitude: float = Field(description="Its middle (WGS 84, degrees).")
    cells: list[MapCell] = Field(description="Cells, those with most workers first.")


class MarketAnswer(ResponseModel):
    """The market's figures of a period."""

    days: int = Field(description="How many days are counted, up to now.")
    city: str | None = Field(description="Of which city; null: of all.")
    funnel: FunnelAnswer = Field(description="How far workers come.")
    all_jobs: FillingAnswer = Field(
        description=f"All jobs together; at most the {market.MOST_JOBS} newest of the period."
    )
    by_city: list[FillingAnswer] = Field(description="By city, most jobs first.")
    by_category: list[FillingAnswer] = Field(description="By category, most jobs first.")
    by_skill: list[FillingAnswer] = Field(
        description="By skill that is asked for, most jobs first."
    )
    offers_per_worker: list[OffersStep] = Field(description="How evenly offers fall.")
    unlocked: int = Field(description="Contacts that were bought in the period.")
    map: MarketMap | None = Field(
        description="Around the city, or the one with most workers; null where nobody says where they are."
    )


def _filling(name: str, one: Filling) -> FillingAnswer:
    return FillingAnswer(
        name=name,
        jobs=one.jobs,
        positions=one.positions,
        filled=one.filled,
        fill_rate=one.fill_rate,
        offers=one.offers,
        median_minutes_to_first_yes=one.median_first_yes,
    )


def _fillings(groups: Mapping[str, Filling]) -> list[FillingAnswer]:
    return [_filling(name, one) for name, one in groups.items()]


@router.get("/market")
async def get_market(
    session: Read,
    _actor: StatsReader,
    now: Now,
    days: Annotated[int, Query(ge=1, le=366, description="How many days up to now.")] = 30,
    city: Annotated[
        str | None,
        Query(max_length=120, description="Only of this city, by its name in the catalogue."),
    ] = None,
) -> MarketAnswer:
    """Return how far workers come, how jobs fill, how evenly offers fall, and where people and jobs are."""
    place = places.by_city(city) if city else None
    if city and place is None:
        raise Invalid.field("city", "There is no such city in the catalogue.")
    return await count_market(session, now, days, place)


async def count_market(
    session: AsyncSession, now: dt.datetime, days: int, place: Place | None
) -> MarketAnswer:
    """Return the figures of so many days, of one city or of all; with 100,000 workers all take most of a second."""
    name = place.name if place else None
    found = await market.figures(session, now - dt.timedelta(days=days), name)
    if place is None:
        largest = await market.largest_city(session)
        place = places.by_city(largest) if largest else None
    drawn = None
    if place is not None:
        cells = await market.cells(session, place.latitude, place.longitude)
        drawn = MarketMap(
            city=place.name,
            latitude=place.latitude,
            longitude=place.longitude,
            cells=[MapCell.model_validate(cell._asdict()) for cell in cells],
        )
    return MarketAnswer(
        days=days,
        city=name,
        funnel=FunnelAnswer.model_validate(found.funnel._asdict()),
        all_jobs=_filling("", found.all_jobs),
        by_city=_fillings(found.by_city),
        by_category=_fillings(found.by_category),
        by_skill=_fillings(found.by_skill),
        offers_per_worker=[
            OffersStep(at_least=step, workers=people) for step, people in found.offers_per_worker
        ],
        unlocked=found.unlocked,
        map=drawn,
    )
