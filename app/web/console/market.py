"""Health of the market: funnel, fill rate, first yes, offers per worker, where people and work are, queues, channels."""

from collections.abc import Sequence
from itertools import batched, pairwise
from typing import Annotated, Any

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin import channels, messages, stats
from app.api.admin.channels import Resume
from app.api.admin.market import FillingAnswer, MarketAnswer
from app.api.http.dependencies import Read
from app.catalogue import places, skills
from app.catalogue.places import Place
from app.core.schema import MoneyAnswer
from app.identity.permissions import Permission
from app.messaging.models import Channel
from app.reporting import lag_history, message_figures, statistics
from app.reporting.lag_history import Sample
from app.texts.formatting import FILTERS, FormatContext
from app.web import charts
from app.web.charts import Bar
from app.web.console.desk import Desk, RetryDesk, StatsDesk, room
from app.web.console.market_figures import COUNTED_EVERY, KEPT, PERIODS, CountedMarket, figures_of
from app.web.forms import TypedForm, checked
from app.web.market_map import draw_market
from app.web.site import fragment, reads, words

router = room()

_DAY_COLUMNS = ("workers", "employers", "jobs", "offers", "accepted", "unlocked")
LAGS = ("messages", "webhooks", "waves")
_LEAST_SAMPLES = 2
_STEP = 5
"""Samples, one a minute, of each row beneath the lines."""
_SHOWN = 20
"""Rows of each table; the API has all."""


@router.get("/market")
async def show_market(
    desk: StatsDesk,
    session: Read,
    days: Annotated[str, Query(max_length=4)] = "30",
    city: Annotated[str, Query(max_length=120)] = "",
) -> Response:
    """Show how the market is doing, of a period and of one city or of all."""
    return await _page(desk, session, days, city, TypedForm())


async def _page(
    desk: Desk, session: AsyncSession, days: str, city: str, form: TypedForm
) -> Response:
    period = int(days) if days in {str(each) for each in PERIODS} else 30
    place = _city(city)
    named = place.name if place else None
    figures = await figures_of(desk, session, period, named)
    found = figures.found
    language = desk.visitor.language
    return desk.page(
        "market.html",
        status=form.status,
        form=form,
        found=found,
        figures=figures,
        kept_seconds=_seconds_kept(desk, figures),
        revenue=[MoneyAnswer.of(money) for money in await statistics.revenue(session)],
        periods=PERIODS,
        typed=city,
        unknown=bool(city.strip()) and place is None,
        funnel=_funnel(found, language),
        spread=_spread(found, language),
        lines=_lines(figures, language),
        groups=_groups(found, language),
        drawn=draw_market(found.map, words(language, "console.map")) if found.map else None,
        cells=_named_cells(found),
        sending=await _sending(desk, session, figures),
        day_columns=_DAY_COLUMNS,
        **await _queues(desk, session),
    )


@router.get("/market/now")
async def show_lags_now(desk: StatsDesk, session: Read) -> Response:
    """Return only queues and lags, which an open page asks for again and again."""
    shown = await _queues(desk, session)
    html = fragment(desk.request, desk.visitor, "console/lags.html", **shown)
    return Response(html, media_type="text/html", headers={"Cache-Control": "no-store"})


async def _queues(desk: Desk, session: AsyncSession) -> dict[str, Any]:
    """Return how far each queue is behind now, what is held back, and where messages stand."""
    return {
        "lag": await stats.lags(session, desk.now),
        "held": await message_figures.held(session, desk.now),
        "states": _states(await stats.message_states(session), desk.visitor.language),
        "history": _history(
            await lag_history.list_samples(session, desk.now),
            desk.visitor.language,
            reads(desk.visitor, desk.request),
        ),
    }


def _history(samples: Sequence[Sample], language: str, reader: FormatContext) -> Any:
    """Return a line of each lag over the last hour, and the worst of each five minutes; None before there are two."""
    if len(samples) < _LEAST_SAMPLES:
        return None
    first, last = (FILTERS["when"](at, reader) for at in (samples[0].at, samples[-1].at))
    lines = [
        (
            words(language, f"console.lag_of.{name}"),
            charts.line(
                [getattr(each, name) for each in samples],
                first,
                last,
                words(language, f"console.lag_of.{name}"),
            ),
        )
        for name in LAGS
    ]
    steps = [
        [max(getattr(each, name) for each in group) for name in LAGS]
        for group in batched(samples, _STEP)
    ]
    ends = [group[-1].at for group in batched(samples, _STEP)]
    return {"lines": lines, "steps": list(zip(ends, steps, strict=True))}


def _seconds_kept(desk: Desk, figures: CountedMarket) -> int:
    """Return after how many seconds the figures are counted anew: fewer where this process has counted them."""
    kept = KEPT if desk.now - figures.at < KEPT else COUNTED_EVERY
    return int(kept.total_seconds())


def _states(messages: dict[str, int], language: str) -> Any:
    """Return how many messages stand where: bars, and their numbers."""
    rows = [
        Bar(words(language, f"console.is.{state}"), count, str(count))
        for state, count in messages.items()
    ]
    return rows, charts.bars(rows, words(language, "console.states"))


def _city(text: str) -> Place | None:
    """Return the city of this name, None for a part of one: figures are of whole cities."""
    found = places.city_named(text) if text.strip() else None
    # A part of a city may be called as a town elsewhere, too, whose figures nobody asked for.
    return found if found and places.by_city(found.name) == found else None


def _funnel(found: MarketAnswer, language: str) -> Any:
    steps = found.funnel.model_dump()
    first = steps["registered"] or 1
    rows = [
        Bar(words(language, f"console.funnel.{name}"), count, f"{count} ({count / first:.0%})")
        for name, count in steps.items()
    ]
    return rows, charts.bars(rows, words(language, "console.funnel_title"))


def _spread(found: MarketAnswer, language: str) -> Any:
    steps = [each.at_least for each in found.offers_per_worker]
    names = [
        str(least) if nearest == least + 1 else f"{least}–{nearest - 1}"
        for least, nearest in pairwise(steps)
    ]
    names.append(f"{steps[-1]}+")
    rows = [
        Bar(name, each.workers, str(each.workers))
        for name, each in zip(names, found.offers_per_worker, strict=True)
    ]
    return rows, charts.bars(rows, words(language, "console.spread_title"))


def _lines(figures: CountedMarket, language: str) -> Any:
    first, last = figures.days[0].day.isoformat(), figures.days[-1].day.isoformat()
    return [
        (
            words(language, f"console.line.{name}"),
            charts.line(
                [getattr(day, name) for day in figures.days],
                first,
                last,
                words(language, f"console.line.{name}"),
            ),
        )
        for name in ("workers", "offers", "accepted", "unlocked")
    ]


def _groups(
    found: MarketAnswer, language: str
) -> list[tuple[str, list[tuple[str, FillingAnswer]]]]:
    def category(name: str) -> str:
        known = skills.CATEGORIES.get(name)
        return known.name(language) if known else name

    def skill(name: str) -> str:
        known = skills.SKILLS.get(name)
        return known.name(language) if known else name

    return [
        ("city", [(each.name, each) for each in found.by_city[:_SHOWN]]),
        ("category", [(category(each.name), each) for each in found.by_category[:_SHOWN]]),
        ("skill", [(skill(each.name), each) for each in found.by_skill[:_SHOWN]]),
    ]


def _named_cells(found: MarketAnswer) -> list[tuple[str, Any]]:
    """Return the fullest cells by their corners."""
    cells = found.map.cells[:_SHOWN] if found.map else []
    return [(f"{cell.latitude:.2f}, {cell.longitude:.2f}", cell) for cell in cells]


async def _sending(desk: Desk, session: AsyncSession, figures: CountedMarket) -> Any:
    """Return what messages cost and how the channels are; None for who may not read it."""
    if not desk.may(Permission.READ_MESSAGES):
        return None
    costs = await messages.get_message_costs(session, desk.actor, desk.now)
    bought = sum(day.unlocked for day in figures.days)
    per_fill = None
    if bought:
        amount = round(costs.total.amount / bought)
        per_fill = {"amount": amount, "currency": costs.total.currency}
    listed = await channels.list_channels(session, desk.actor, desk.now)
    return {"costs": costs, "per_fill": per_fill, "channels": listed.items}


@router.post("/channels/{channel}")
async def resume_channel(desk: RetryDesk, channel: Channel) -> Response:
    """Let a halted channel go."""
    form = await desk.form()

    async def verb(session: AsyncSession) -> object:
        body = checked(Resume, {"reason": form.get("reason")})
        return await channels.resume_channel(channel, body, session, desk.actor, desk.now)

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        return await _page(desk, session, "30", "", refused)

    return await desk.do(form, verb, show, "/console/market?done=decided")
