"""Settle what a job's text leaves open by what is known of it: which half of the day its hours mean. Pure."""

import datetime as dt
from dataclasses import replace
from typing import Final

from app.nlu.hour_halves import usually_late
from app.nlu.job_draft import Draft

_SURELY_DAY: Final = 9 * 60
"""Hours of work by day that begin at this minute or later are meant so."""


def settled(draft: Draft, here: dt.datetime) -> Draft:
    """Return the draft with unclear hours settled, where the day or the kind of work settles them.

    `here` is the instant at the job's place. What stays in `halves` has to be asked.
    """
    if not draft.halves:
        return draft
    early, late = draft.halves
    if draft.starts_on == draft.ends_on == here.date():
        now = here.hour * 60 + here.minute
        if early[1] <= now < late[1]:
            # "today 7 to 11", said at noon.
            return chosen(draft, is_late=True)
    meant = None if draft.skill is None else usually_late(draft.skill, (early[1], early[2]))
    if meant is None:
        return draft
    settled_so = chosen(draft, is_late=meant)
    # "11 to 4" by day is no guess; that "7 to 11" is the morning may be one.
    sure = not meant and early[1] >= _SURELY_DAY
    return settled_so if sure else replace(settled_so, unsure=draft.unsure)


def chosen(draft: Draft, *, is_late: bool) -> Draft:
    """Return the draft with the reading of its hours that somebody chose."""
    unsure = tuple(one for one in draft.unsure if one[0] != "hours")
    return replace(draft, spans=(draft.halves[is_late],), halves=(), unsure=unsure)
