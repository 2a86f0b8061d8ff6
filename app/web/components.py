"""Every component of the pages on one page, for developers: where the sandbox is on, and nowhere else."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.http.dependencies import Now, Rt
from app.catalogue import places
from app.core.schema import Location
from app.jobs.models import JobStatus
from app.jobs.queries import JobOrder
from app.web.charts import Bar, bars, line
from app.web.console.tables import Column, RowAction
from app.web.forms import TypedForm
from app.web.listing import Listing
from app.web.maps import draw_map
from app.web.routes import PageRoute
from app.web.site import page, words
from app.web.visitors import Guest

router = APIRouter(prefix="/developers", route_class=PageRoute, include_in_schema=False)

_PLACE: Final = Location(latitude=19.0544, longitude=72.8406)
_MONEY: Final = {"amount": 4_900, "currency": "INR"}
_COLUMNS: Final = (
    Column("name", link="#", link_to="id"),
    Column("status", "status"),
    Column("price", "money"),
    Column("created_at", "when"),
)
_ACTIONS: Final = (RowAction("verify", asks_why=False), RowAction("suspend", takes_away=True))


@router.get("/components")
async def show_components(request: Request, visitor: Guest, rt: Rt, now: Now) -> Response:
    """Show every component with something made up in it."""
    wrong = words(visitor.language, "components.wrong")
    form = TypedForm(
        values={"sample_field": "+91 98", "reason": ""},
        errors=dict.fromkeys(("sample_field", "sample_area", "sample_choice", "reason"), wrong),
        message=words(visitor.language, "components.refused"),
    )
    tiles = rt.settings.map_tile_url
    return page(
        request,
        visitor,
        "developers/components.html",
        map=True,
        form=form,
        listing=Listing(request, JobOrder),
        statuses=list(JobStatus),
        chosen=JobStatus.PUBLISHED,
        table={"name": "sample", "key": "id", "actions": _ACTIONS},
        columns=_COLUMNS,
        rows=_rows(now),
        entries=_entries(now),
        changes=[{"field": "guarantee_hours", "before": 168, "after": 240}],
        waiting={"waiting": 3, "safety": 1},
        chart=bars(
            [Bar("A", 30, "30"), Bar("B", 12, "12")], words(visitor.language, "components.charts")
        ),
        over_time=line([1, 4, 2, 8], "1", "4", words(visitor.language, "components.charts")),
        drawn=draw_map(_PLACE, visitor.language, tiles),
        zoom=1,
        furthest=4,
        choices=[],
        near=places.nearest_city(_PLACE.latitude, _PLACE.longitude),
        **_beside(visitor.language),
    )


def _rows(now: dt.datetime) -> Sequence[dict[str, Any]]:
    return [
        {"id": number, "name": name, "status": "active", "price": _MONEY, "created_at": now}
        for number, name in enumerate(("Cafe Deccan", "Hotel Sahyadri"), 1)
    ]


def _entries(now: dt.datetime) -> Sequence[dict[str, Any]]:
    return [
        {
            "action": "employer.verify",
            "at": now,
            "actor_role": "admin",
            "reason": "GSTIN 27",
            "before": {"verified": False},
            "after": {"verified": True},
        }
    ]


def _beside(language: str) -> dict[str, Any]:
    """Return what `parts/forecast.html` says of a job."""
    half_an_hour = {"p50": 30, "p90": 120}
    lever = {"field": "radius_km", "after": 10, "workers_that_fit": 24, "chance_to_fill": 0.9}
    return {
        "missing": ["role"],
        "problem": "",
        "wrong": {},
        "most": 3,
        "forecast": {
            "workers_that_fit": 12,
            "chance_to_fill": 0.7,
            "expected_accepts": 3,
            "minutes_to_first_accept": half_an_hour,
            "minutes_to_fill": {"p50": 600, "p90": None},
            "levers": [lever],
            "basis": "model",
        },
        "pay": {
            "hour": _MONEY,
            "shift": _MONEY,
            "week": _MONEY,
            "hours_a_week": 8,
            "below_floor": None,
        },
        "review": [
            {
                "sentence": "…",
                "text": words(language, "components.wrong"),
                "holds": True,
            }
        ],
    }
