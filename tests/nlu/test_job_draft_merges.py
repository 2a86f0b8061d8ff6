"""An answer fills and adds to a drafted job, and deletes nothing of what was said before."""

import datetime as dt

from app.nlu import job_correction
from app.nlu.job_draft import EVERY_SHIFT, Draft, JobPart

TODAY = dt.date(2026, 11, 24)
TENTH = dt.date(2026, 12, 10)


def test_every_day_keeps_the_start() -> None:
    draft = Draft(starts_on=TENTH).merged_with(Draft(days=tuple(range(7)), weekly=True))
    assert draft.starts_on == TENTH
    assert draft.ends_on is None
    assert draft.days == tuple(range(7))


def test_a_unit_of_pay_keeps_the_dates() -> None:
    asked = Draft(starts_on=TENTH, ends_on=TENTH, amount=80_000)
    merged = asked.merged_with(Draft(per="day"))
    assert (merged.starts_on, merged.ends_on, merged.per) == (TENTH, TENTH, "day")


def test_sunday_also_adds_to_saturday() -> None:
    context = job_correction.CorrectionContext(JobPart.PEOPLE, TODAY, "en", "INR", "Mumbai")
    hours = ((EVERY_SHIFT, 600, 1080),)
    for text in ("sunday also", "sunday bhi"):
        found = job_correction.read(text, Draft(days=(5,), weekly=False, spans=hours), context)
        assert found is not None
        assert found.draft.days == (5, 6)
        assert found.draft.spans == hours


def test_another_day_replaces_the_only_date() -> None:
    draft = Draft(starts_on=TENTH, ends_on=TENTH).merged_with(Draft(days=(6,), weekly=False))
    assert (draft.starts_on, draft.days) == (None, (6,))


def test_hours_of_days_that_stay_are_kept() -> None:
    hours = ((5, 600, 900), (6, 600, 960))
    draft = Draft(days=(5, 6), weekly=True, spans=hours).merged_with(Draft(days=(6,), weekly=True))
    assert draft.spans == ((6, 600, 960),)
