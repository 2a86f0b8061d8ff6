"""Why a worker is asked about a job, or why not, for administrators."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from app.api.admin.access import JobReader
from app.api.employers.matches import Breakdown
from app.api.http.dependencies import Now, Read, Route
from app.api.http.parameters import JobId, WorkerId
from app.api.http.problems import problems
from app.core.schema import ResponseModel
from app.jobs import queries
from app.jobs.matchable import JobNotMatchable, require_matchable
from app.jobs.moderation import language_of
from app.jobs.queries import JobNotFound
from app.matching.explain import MOST_PLACES, Explanation, explain_worker
from app.matching.rules import Exclusion
from app.policy import policy
from app.texts import catalogue
from app.workers.profile import WorkerNotFound

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class ExclusionAnswer(ResponseModel):
    """A rule that keeps the worker from being asked about the job."""

    rule: Exclusion = Field(description="Which rule it is.", examples=["distance"])
    text: str = Field(
        description="The rule with what it saw, in my language.",
        examples=["They live 7.3 km away; at most 5 km fit."],
    )
    facts: dict[str, float | int | list[str]] = Field(
        description="What the rule saw: `km`, `limit_km`; `slugs`; `years`, `needed`; `free_minutes`, "
        "`job_minutes`, `minutes`; `offers`, `cap`. Empty where the rule says it all.",
        examples=[{"km": 7.3, "limit_km": 5.0}],
    )


class ExplanationAnswer(ResponseModel):
    """What the search makes of one worker and one job, at this moment."""

    job_id: UUID = Field(description="Id of the job.")
    worker_id: UUID = Field(description="Id of the worker.")
    may_be_asked: bool = Field(
        description="Whether no rule keeps the worker from being asked. A job that is full, over or not published "
        "asks nobody all the same."
    )
    excluded_by: list[ExclusionAnswer] = Field(
        description="Every rule that keeps the worker from being asked; empty if they may be."
    )
    score: float | None = Field(
        description="How well the worker fits, 0 to 100, were there no such rule; null without a location."
    )
    breakdown: Breakdown | None = Field(
        description="What the score is made of; null without a location."
    )
    distance_km: float | None = Field(
        description="Distance between worker and job in kilometres; null without a location."
    )
    why: list[str] = Field(
        description="What speaks for this worker, in my language.", examples=[["2.1 km away"]]
    )
    place: int | None = Field(
        description="Place among those who may be asked now, 1 the best; null for who may not, and beyond "
        f"{MOST_PLACES}.",
        examples=[3],
    )

    @classmethod
    def of(
        cls, job_id: UUID, worker_id: UUID, found: Explanation, language: str
    ) -> "ExplanationAnswer":
        """Return the answer, its texts in that language."""
        scored = found.score
        reasons = [{"kind": each.kind.value, **each.params} for each in found.reasons]
        said = [catalogue.format_lead_reason(language, reason) for reason in reasons]
        return cls(
            job_id=job_id,
            worker_id=worker_id,
            may_be_asked=not found.excluded,
            excluded_by=[
                ExclusionAnswer(
                    rule=each.rule,
                    text=catalogue.format_exclusion(language, each.rule.value, each.facts),
                    facts={name: _plain(value) for name, value in each.facts.items()},
                )
                for each in found.excluded
            ],
            score=None if scored is None else scored.total,
            breakdown=None if scored is None else Breakdown.from_rows(scored.parts),
            distance_km=None if scored is None else round(scored.distance_km, 1),
            why=[text for text in said if text],
            place=found.place,
        )


def _plain(value: float | Sequence[str]) -> float | int | list[str]:
    return value if isinstance(value, int | float) else list(value)


@router.get(
    "/jobs/{job_id}/why-not/{worker_id}",
    responses=problems(JobNotFound, WorkerNotFound, JobNotMatchable),
)
async def explain_match(
    job_id: JobId, worker_id: WorkerId, session: Read, actor: JobReader, now: Now
) -> ExplanationAnswer:
    """Say which rules keep a worker from being asked about a job, or why and in which place they would be.

    By the rules of the search itself, as things are now.
    """
    job = await queries.get_job(session, job_id)
    require_matchable(job)
    found = await explain_worker(session, job, worker_id, now, await policy.current(session))
    return ExplanationAnswer.of(job_id, worker_id, found, await language_of(session, actor.user_id))
