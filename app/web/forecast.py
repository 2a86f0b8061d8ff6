"""Beside the form of a job: how it would fill, what its pay comes to, and what our review says of its words."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request
from markupsafe import Markup
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import HTMLResponse, Response

from app.api.employers import forecasts
from app.api.employers.jobs import NewJob
from app.api.http.dependencies import Now, Read, Rt
from app.core.errors import DomainError, TooMany
from app.core.money import Money
from app.core.schema import MoneyAnswer
from app.identity.actor import Actor
from app.jobs import moderation, review
from app.jobs.moderation import FindingText
from app.jobs.usual_pay import floor_an_hour
from app.policy import policy
from app.runtime import Runtime
from app.web import job_form
from app.web.forms import TypedForm, describe_error
from app.web.routes import PageRoute
from app.web.site import fragment
from app.web.visitors import Guest, Poster, Visitor

router = APIRouter(prefix="/jobs", route_class=PageRoute, include_in_schema=False)

MOST_LEVERS: Final = 3
_NEEDED: Final = ("role", "place", "starts_on")
_WEEKS_A_MONTH: Final = 52 / 12
_MINUTES_A_DAY: Final = 1_440


@dataclass(frozen=True)
class PayLines:
    """What a pay comes to for one person, by hour, shift and week."""

    hour: MoneyAnswer
    shift: MoneyAnswer
    week: MoneyAnswer
    hours_a_week: float
    below_floor: MoneyAnswer | None
    """The least that is lawful anywhere for an hour, where this is less."""


def pay_lines(job: NewJob) -> PayLines | None:
    """Return what the pay comes to, None where none is named."""
    if job.salary is None:
        return None
    minutes = [_minutes(slot.start, slot.end) for slot in job.slots]
    a_week = sum(minutes) / 60
    a_shift = a_week / len(minutes)
    hours = {"hour": 1.0, "day": a_shift, "week": a_week, "month": a_week * _WEEKS_A_MONTH}
    an_hour = job.salary.amount / hours[job.salary.per]
    floor = floor_an_hour(job.salary.currency)

    def money(amount: float) -> MoneyAnswer:
        return MoneyAnswer.of(Money(round(amount), job.salary.currency if job.salary else ""))

    return PayLines(
        hour=money(an_hour),
        shift=money(an_hour * a_shift),
        week=money(an_hour * a_week),
        hours_a_week=round(a_week, 1),
        below_floor=money(floor) if floor is not None and an_hour < floor else None,
    )


def _minutes(start: dt.time, end: dt.time) -> int:
    """Return how long a shift is that ends on the next day where it ends before it starts."""
    length = (end.hour * 60 + end.minute) - (start.hour * 60 + start.minute)
    return length if length > 0 else length + _MINUTES_A_DAY


def _review_of(form: TypedForm, language: str) -> list[FindingText]:
    """Return what our review would say of the words as they are typed."""
    texts = {name: form.get(name) for name in ("title", "description")}
    found = review.judge({name: text for name, text in texts.items() if text})
    return moderation.reasons(found, language)


async def forecast_panel(
    request: Request,
    visitor: Visitor,
    actor: Actor,
    session: AsyncSession,
    rt: Runtime,
    now: Now,
    form: TypedForm,
) -> Markup:
    """Return what stands beside the form; where something is missing, what."""
    shown: dict[str, Any] = {"missing": [], "problem": "", "forecast": None, "pay": None}
    shown["review"] = _review_of(form, visitor.language)
    shown["missing"] = [name for name in _NEEDED if form.get(name) is None]
    if not form.all("days"):
        shown["missing"].append("week")
    if not shown["missing"]:
        try:
            currency = (await policy.current(session)).lead_prices.currency
            body = job_form.forecast_body(form, visitor.language, currency)
            shown["pay"] = pay_lines(body)
            shown["forecast"] = await forecasts.forecast_job_filling(session, actor, body, rt, now)
        except (DomainError, ValidationError) as error:
            errors, whole, _ = describe_error(error, visitor.language)
            said = job_form.refused(form, error, visitor.language).errors
            shown["problem"] = whole if isinstance(error, TooMany) or not errors else ""
            shown["wrong"] = said
    html = fragment(
        request,
        visitor,
        "parts/forecast.html",
        most=MOST_LEVERS,
        **{"wrong": {}, **shown},
    )
    return Markup(html)  # noqa: S704 - made of a template of ours


@router.post("/forecast")
async def show_forecast(
    request: Request, visitor: Guest, actor: Poster, session: Read, rt: Rt, now: Now
) -> Response:
    """Return what stands beside the form, for the form as it is typed; nobody is asked, nothing is kept."""
    form = await TypedForm.read(request)
    panel = await forecast_panel(request, visitor, actor, session, rt, now, form)
    return HTMLResponse(panel, headers={"Cache-Control": "no-store"})
