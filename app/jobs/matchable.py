"""Whether a job can be matched at all: what it asks for may have left the catalogue or tzdata since."""

from collections.abc import Sequence
from typing import Any, Final

from app.catalogue import skills
from app.core.errors import Conflict
from app.core.find_zone import find_zone
from app.jobs.models import Job


class JobNotMatchable(Conflict):
    """The job needs a skill or has a time zone that there no longer is."""

    code = "job_not_matchable"
    detail = "This job needs a skill or has a time zone that there no longer is."
    remedy = "Change the draft's skills or time_zone; cancel a published job and post it anew."


_NEXT: Final = "Change the draft; if it was published, cancel the job and post it anew."


def require_matchable(job: Job) -> None:
    """Raise `JobNotMatchable`, with a sentence that names what is gone, unless matching can read the job.

    For requests by a person. In the background such a job is set back and parked (`app.attempts`).
    """
    gone = [*_gone(job.required_skills), *_gone(job.preferred_skills)]
    if gone:
        named = ", ".join(dict.fromkeys(gone))
        raise JobNotMatchable(f"The catalogue of skills no longer has: {named}. {_NEXT}")
    if find_zone(job.time_zone) is None:
        raise JobNotMatchable(f"There is no time zone {job.time_zone}. {_NEXT}")


def _gone(slugs: Sequence[Any]) -> list[str]:
    """Return the skills that the catalogue lacks; a value of another shape is one of them."""
    if not isinstance(slugs, list):
        return [str(slugs)]
    texts = [slug if isinstance(slug, str) else str(slug) for slug in slugs]
    return skills.unknown(texts)
