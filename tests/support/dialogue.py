"""Messages, offers and contexts of the conversation as a pure function."""

import datetime as dt
from dataclasses import replace
from uuid import UUID

from app.core.week import Slot
from app.dialogue.context import Context, EmployerAccount, JobSummary, Profile
from app.dialogue.turn import Turn
from app.jobs.rules import JobStatus
from app.messaging.inbound import Inbound, InboundKind
from app.offers.rules import OfferStatus
from app.offers.summary import OfferSummary
from app.texts import catalogue
from app.texts.catalogue import SAMPLES
from app.texts.joining import join

NOW = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)


OFFER = UUID("0198c0de-0000-7000-8000-000000000001")


EMPLOYERS = [
    EmployerAccount(
        id=UUID(f"0198c0de-0000-7000-8000-00000000001{number}"),
        company=f"Cafe {number}",
        email="o•••@e•••.com",
        proven=number % 2 == 0,
        suspended=number == 2,
        city="Mumbai",
    )
    for number in range(4)
]


JOB = JobSummary(
    UUID("0198c0de-0000-7000-8000-000000000020"),
    EMPLOYERS[0].id,
    JobStatus.PUBLISHED,
    {
        **SAMPLES,
        "job_id": "0198c0de-0000-7000-8000-000000000020",
        "people": 2,
        "asked": 5,
        "accepted": 2,
        "unlocked": 1,
    },
)


PROFILE = Profile(
    name="Asha",
    agreed=True,
    suspended=False,
    has_phone=True,
    skills=("waiter",),
    place="Mumbai",
    located=True,
    max_distance_km=10,
    experience_years=2,
    slots=(),
)


def incoming(text: str = "", kind: InboundKind = InboundKind.TEXT, **more: object) -> Inbound:
    known = {"message_id": "m", "kind": kind, "sent_at": NOW, "phone_from": "+919811100001"}
    return Inbound(**{**known, "text": text, **more})  # type: ignore[arg-type]


def tap(payload: str) -> Inbound:
    return incoming(kind=InboundKind.TAP, payload=payload)


def offer(status: OfferStatus, *, unlocked: bool = False) -> OfferSummary:
    return OfferSummary(OFFER, status, unlocked, {**SAMPLES, "offer_id": str(OFFER)})


def context(**more: object) -> Context:
    known: dict[str, object] = {"now": NOW, "language": "en", "profile": PROFILE}
    return Context(**{**known, **more})  # type: ignore[arg-type]


def render(turn: Turn, language: str) -> None:
    said = [
        catalogue.render_chat(
            language,
            say.text,
            say.params,
            buttons=say.buttons,
            rows=say.rows,
            form=say.form,
            now=NOW,
        )
        for say in turn.replies
    ]
    for outgoing in join(said):
        assert outgoing.problem() is None, outgoing


NEWCOMER = replace(PROFILE, name="", agreed=False, skills=(), place=None, located=False)


SETTLED = replace(PROFILE, slots=[Slot(0, 540, 1020)])
