"""What an employer reads of a lead before buying its contact, in messages: typed values, which reach nobody.

The name is first name and initial; distance is coarse; skills are of the catalogue.
"""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.geo import coarse_km
from app.employers import free_leads
from app.identity.models import User
from app.jobs.models import Job
from app.offers.models import JobMatch
from app.offers.worker_names import shown_name
from app.workers.models import Worker
from app.workers.rules import reliability

_MOST_SKILLS: Final = 4


def lead_params(
    *,
    skills: Iterable[str],
    wanted: Iterable[str],
    experience_years: int,
    distance_km: float,
    availability: float,
    verified: bool,
    reliability: float,
    others: int | None = None,
) -> dict[str, Any]:
    """Return the value of `{lead|lead}` in texts: the skills that the job wants come first, at most four.

    `availability` is the share of the job's hours that they are free for, and `reliability` as
    `workers.rules.reliability` counts it, both 0 to 100. `others` is how many more have said yes.
    """
    known = set(skills)
    ordered = [*(slug for slug in wanted if slug in known), *sorted(known)]
    return {
        "skills": list(dict.fromkeys(ordered))[:_MOST_SKILLS],
        "years": experience_years,
        "km": coarse_km(distance_km),
        "hours": int(availability),
        "verified": verified,
        "reliability": reliability,
        "others": others,
    }


async def accepted_params(session: AsyncSession, match_id: UUID, accepted: int) -> dict[str, Any]:
    """Return the values of the message about a new lead; `accepted` people have said yes, this one too."""
    query = (
        select(
            User.name,
            JobMatch.employer_id,
            JobMatch.price_amount,
            JobMatch.price_currency,
            JobMatch.distance_km,
            JobMatch.score_availability,
            Job.required_skills,
            Job.preferred_skills,
            Worker.skills,
            Worker.experience_years,
            Worker.verified_at,
            Worker.answered,
            Worker.missed,
            Worker.withdrawn,
        )
        .join(Job, Job.id == JobMatch.job_id)
        .join(Worker, Worker.id == JobMatch.worker_id)
        .join(User, User.id == JobMatch.worker_id)
        .where(JobMatch.id == match_id)
    )
    row = (await session.execute(query)).one()
    free = await free_leads.left(session, row.employer_id) > 0
    return {
        "display_name": shown_name(row.name),
        "price": {"amount": 0 if free else row.price_amount, "currency": row.price_currency},
        "lead": lead_params(
            skills=row.skills,
            wanted=(*row.required_skills, *row.preferred_skills),
            experience_years=row.experience_years,
            distance_km=row.distance_km,
            availability=row.score_availability,
            verified=row.verified_at is not None,
            reliability=reliability(row.answered, row.missed, row.withdrawn),
            others=max(0, accepted - 1),
        ),
    }
