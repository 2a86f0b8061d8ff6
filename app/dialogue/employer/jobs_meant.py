"""Which posted job words mean: by the status in which a verb can be said, the role, the job's words, its days. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from app.dialogue.context import CANCELLABLE, JobSummary
from app.dialogue.employer.repeating import falls_on
from app.jobs.rules import JobStatus
from app.nlu import job_request
from app.nlu.job_command import JobCommand, JobVerb
from app.nlu.normalize import split_words

_RUNNING: Final = frozenset({JobStatus.PUBLISHED})
_ASKED: Final = frozenset({JobStatus.PUBLISHED, JobStatus.FILLED, JobStatus.CLOSED})
_MAY_MEAN: Final[Mapping[JobVerb, frozenset[JobStatus]]] = {
    JobVerb.REPEAT: frozenset(JobStatus),
    JobVerb.PEOPLE: frozenset({JobStatus.PUBLISHED, JobStatus.FILLED}),
    JobVerb.PAY: _RUNNING,
    JobVerb.HOURS: CANCELLABLE,
    JobVerb.CANCEL: CANCELLABLE,
    JobVerb.CLOSE: _RUNNING,
    JobVerb.LEADS: _ASKED,
    JobVerb.STATUS: _ASKED,
}
"""Of jobs in which statuses each verb can be said."""


def jobs_meant(command: JobCommand, jobs: Sequence[JobSummary]) -> list[JobSummary]:
    """Return the jobs that may be meant, the newest first; all in a fitting status where no word tells."""
    found = [job for job in jobs if job.status in _MAY_MEAN[command.verb]]
    if command.verb is JobVerb.CLOSE and not found:
        found = [job for job in jobs if job.status in CANCELLABLE]
    told = command.told
    roles = _roles(command)
    narrowed: list[Callable[[JobSummary], bool]] = []
    if roles:
        narrowed.append(lambda job: _is_for(job, roles))
    if command.words:
        narrowed.append(lambda job: bool(set(command.words) & set(_words_of(job))))
    if command.verb is not JobVerb.REPEAT:
        narrowed.append(lambda job: falls_on(job, told))
    for fits in narrowed:
        found = [job for job in found if fits(job)] or found
    return found


def says_which(command: JobCommand) -> bool:
    """Whether a role or a word of the job is named."""
    return bool(command.told.skill or command.told.skills or command.words)


def names_other_role(command: JobCommand, jobs: Sequence[JobSummary]) -> bool:
    """Whether a role is named for which none of these jobs is posted."""
    roles = _roles(command)
    may_be = [job for job in jobs if job.status in _MAY_MEAN[command.verb]]
    return bool(roles) and not any(_is_for(job, roles) for job in may_be)


def _roles(command: JobCommand) -> set[str]:
    return {role for role in (command.told.skill, *command.told.skills) if role is not None}


def _is_for(job: JobSummary, roles: set[str]) -> bool:
    return not roles.isdisjoint(job.skills) or job_request.find_role(job.title) in roles


def _words_of(job: JobSummary) -> list[str]:
    return split_words(f"{job.title} {job.params['city'] or ''}")
