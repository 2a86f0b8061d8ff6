"""The line of a job's read-back that says how it would fill, where the reply asks whether to post it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Invalid
from app.dialogue.context import Context
from app.dialogue.employer.job_questions import job_text, job_values
from app.dialogue.employer.posting import draft_of
from app.dialogue.state import State
from app.dialogue.turn import Reply
from app.matching.forecast_job import JobForecast, Lever, forecast_job
from app.texts import catalogue

READ_BACK: Final = "ask_job_right"
_NOBODY_YET: Final = UUID(int=0)
"""Who has no account yet has blocked nobody."""
_SURE, _LIKELY, _OPEN = 0.9, 0.6, 0.25
"""Chances from which on it is called so; below the last it will hardly fill."""


async def with_forecast(
    session: AsyncSession, replies: Sequence[Reply], state: State, context: Context
) -> list[Reply]:
    """Return the replies, with the line in the one that reads a job back; unchanged where there is none."""
    if not any(reply.text == READ_BACK for reply in replies):
        return [*replies]
    values = job_values(draft_of(state), context)
    if values is None:
        return [*replies]
    employer_id = context.proven[0].id if context.proven else _NOBODY_YET
    try:
        told = await forecast_job(session, employer_id, job_text(values), context.now)
    except Invalid:
        return [*replies]  # posting it names what is wrong
    line = f"\n{forecast_line(told, context)}"
    if values.get("may_widen"):
        line = f"{line} {context.word('forecast_not_widened')}"
    return [
        replace(reply, params={**reply.params, "list": f"{reply.params['list']}{line}"})
        if reply.text == READ_BACK
        else reply
        for reply in replies
    ]


def forecast_line(told: JobForecast, context: Context) -> str:
    """Say a forecast in one line: how many fit, whether it will fill, and what would help most if not."""
    people, chance = told.workers_that_fit, told.chance_to_fill
    if people == 0:
        said = context.word("forecast_nobody")
    else:
        said = context.word("forecast_people_one" if people == 1 else "forecast_people")
        said = said.replace("{people}", str(people))
        kinds = ((_SURE, "sure"), (_LIKELY, "likely"), (_OPEN, "open"), (0.0, "hardly"))
        kind = next(kind for least, kind in kinds if chance >= least)
        said = f"{said} {context.word(f'forecast_{kind}')}"
    # The role that is asked for is what the job is: it is never left out here.
    levers = [lever for lever in told.levers if lever.field != "required_skills"]
    if chance >= _SURE or not levers:
        return said
    return f"{said} {_say_lever(levers[0], context)}"


def _say_lever(lever: Lever, context: Context) -> str:
    said = context.word(f"forecast_with_{lever.field}")
    if lever.field == "radius_km":
        reads = context.format_context({})
        said = said.replace("{distance}", catalogue.format_value("km", lever.after, reads))
    return said.replace("{people}", str(lever.workers_that_fit))
