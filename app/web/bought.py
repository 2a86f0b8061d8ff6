"""What a job's page shows of the contacts that were bought: a first message, and the clock of the guarantee."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.employers import profile
from app.api.employers.jobs import JobAnswer
from app.api.employers.matches import Match
from app.core.languages import DEFAULT_LANGUAGE
from app.employers.time_zone import time_zone_of
from app.identity.actor import Actor
from app.payments import guarantee_clock
from app.payments.first_message import hello_url


async def about_contacts(
    session: AsyncSession,
    actor: Actor,
    job: JobAnswer,
    bought: Sequence[Match],
    now: dt.datetime,
) -> dict[str, Any]:
    """Return for each contact the link that opens a chat with the first message written, and its guarantee's clock.

    `company_zone` is the time zone of the company, in which the clocks are told.
    """
    if not bought:
        return {"hello": {}, "clocks": {}, "company_zone": None}
    company = await profile.get_profile(session, actor)
    place = company.location
    hellos = {
        match.id: hello_url(
            match.contact.phone,
            DEFAULT_LANGUAGE,
            name=match.contact.name or "",
            company=company.company_name,
            title=job.title,
        )
        for match in bought
        if match.contact is not None and match.contact.phone is not None
    }
    ids = [match.id for match in bought]
    return {
        "hello": hellos,
        "clocks": await guarantee_clock.clocks_of(session, actor.employer_id, ids, now),
        "company_zone": time_zone_of(
            company.city, (place.latitude, place.longitude) if place else None
        ),
    }
