"""Somebody says yes to a job at the press of a button: where the sandbox stands in for WhatsApp, nobody real answers."""

import datetime as dt
import secrets
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.http.dependencies import Now, Rt, writing
from app.api.http.parameters import JobId
from app.core.errors import DomainError
from app.core.geo import Point
from app.jobs.models import Job
from app.jobs.queries import get_own_job, slot_of
from app.matching import waves
from app.offers.queries import find_open_offer
from app.offers.respond import respond
from app.offers.rules import OfferAnswer
from app.runtime import Runtime
from app.web.jobs import job_page
from app.web.routes import PageRoute
from app.web.site import SeeOther
from app.web.visitors import Guest, Poster
from app.workers import availability
from app.workers.registration import NewWorker, register_proven

router = APIRouter(prefix="/developers", route_class=PageRoute, include_in_schema=False)

_NAMES: Final = ("Asha Kulkarni", "Ravi Patil", "Sunita Devi", "Imran Shaikh", "Mary D'Souza")
_LONGEST_WEEK: Final = 14
"""More shifts than a made-up worker is free in."""


@router.post("/jobs/{job_id}/yes")
async def let_somebody_say_yes(
    request: Request, visitor: Guest, actor: Poster, rt: Rt, job_id: JobId, now: Now
) -> Response:
    """Accept an offer of the job in the name of whom it went to; where nobody was asked, somebody who fits comes first.

    Each press is another person.
    """
    try:
        async with writing(rt) as session:
            job = await get_own_job(session, actor.employer_id, job_id)
            # First, so that a press that is refused leaves nobody behind.
            waves.require_may_ask(job, now)
            offer = await find_open_offer(session, job_id, now)
            if offer is None:
                await _register_who_fits(session, rt, job, now)
        if offer is None:
            # In transactions of their own, as in life: who has just registered is found by a wave that begins later.
            async with writing(rt) as session:
                job = await get_own_job(session, actor.employer_id, job_id, lock=True)
                await waves.send_wave(session, job, now)
                offer = await find_open_offer(session, job_id, now)
        if offer is None:
            return SeeOther(f"/jobs/{job_id}?done=sandbox_nobody")
        async with writing(rt) as session:
            who, which = offer
            base_url = rt.settings.base_url
            await respond(session, who, which, OfferAnswer.ACCEPT, None, now, base_url=base_url)
    except DomainError as error:
        async with rt.database.read() as session:
            return await job_page(request, visitor, actor, session, job_id, now, error=error)
    return SeeOther(f"/jobs/{job_id}?done=sandbox_yes")


async def _register_who_fits(
    session: AsyncSession, rt: Runtime, job: Job, now: dt.datetime
) -> UUID:
    """Register a made-up worker who lives at the job, knows its skills and is free for its shifts."""
    number = secrets.randbelow(10**8)
    new = NewWorker(
        name=_NAMES[number % len(_NAMES)],
        phone=f"+9177{number:08d}",
        location=Point(job.latitude, job.longitude),
        skills=tuple(job.required_skills),
        experience_years=max(2, job.min_experience_years),
        channel="sandbox",
    )
    worker_id = await register_proven(session, new, rt.settings.default_country, now=now)
    shifts = [slot_of(row) for row in job.slots][:_LONGEST_WEEK]
    await availability.replace_slots(session, worker_id, shifts, now=now)
    return worker_id
