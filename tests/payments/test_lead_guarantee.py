"""The guarantee decides itself: that nobody answers is asked of the worker, and time decides the rest."""

import datetime as dt
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.messaging.models import OutboxMessage, OutboxState
from tests.payments.test_lead_reports import decide, report
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import (
    Lead,
    at_once,
    bought_lead,
    later,
    lead,
    logged_actions,
    refunds_of,
)


def test_a_lead_can_be_reported_for_a_week(world: World) -> None:
    mine, other = lead(world), lead(world)
    for one in (mine, other):
        one.buy()
    later(world, mine, other, days=6, hours=23)
    assert ok(report(mine), 201)["status"] == "open"
    later(world, mine, other, hours=1, minutes=1)
    assert ok(report(mine), 201)["status"] == "open"
    refused(report(other), 409, "report_too_late")


def silent_lead(world: World, language: str = "en") -> tuple[Lead, str]:
    """A lead bought two days ago; our messages reached its worker meanwhile."""
    mine = lead(world)
    ok(mine.worker.put("/api/workers/profile", {"language": language}))
    payment = mine.buy()["payment"]["id"]
    world.settle()
    later(world, mine, hours=49)
    return mine, payment


def test_that_nobody_answers_can_t_be_said_at_once(world: World) -> None:
    mine, _ = bought_lead(world)
    world.settle()
    refused(report(mine, "no_answer"), 409, "report_too_early")
    later(world, mine, hours=47)
    refused(report(mine, "no_answer"), 409, "report_too_early")
    later(world, mine, hours=2)
    assert ok(report(mine, "no_answer"), 201)["status"] == "checking"


@pytest.mark.parametrize("language", ["en", "hi"])
def test_a_worker_who_says_nothing_for_a_day_gives_the_money_back(
    world: World, language: str
) -> None:
    mine, payment = silent_lead(world, language=language)
    answer = ok(report(mine, "no_answer"), 201)
    asked_until = (world.clock() + dt.timedelta(hours=24)).isoformat().replace("+00:00", "Z")
    assert (answer["status"], answer["decides_by"]) == ("checking", asked_until)
    question = world.messages(str(mine.worker.phone))[-1]
    assert {"en": "reach you?", "hi": "आपकी बात हुई?"}[language] in question["text"]
    assert [each["id"] for each in question["buttons"]] == [
        f"reached:{mine.id}:no",
        f"reached:{mine.id}:yes",
    ]
    later(world, mine, hours=23, minutes=59)
    world.settle()
    assert ok(report(mine, "no_answer"), 201)["status"] == "checking"
    later(world, mine, minutes=2)
    world.settle()
    told = ok(report(mine, "no_answer"), 201)
    assert (told["status"], told["decides_by"]) == ("refunded", None)
    assert mine.payment["status"] == "refunded"
    assert [one.reason for one in refunds_of(world, payment)] == ["no_answer"]
    assert logged_actions(world, mine.id)[-2:] == ["lead.report", "report.refund"]
    # A tap that comes late changes nothing.
    world.taps(str(mine.worker.phone), f"reached:{mine.id}:yes")
    assert ok(report(mine, "no_answer"), 201)["status"] == "refunded"


@pytest.mark.parametrize("reached", [True, False])
def test_the_worker_s_answer_decides(world: World, reached: bool) -> None:
    mine, payment = silent_lead(world)
    ok(report(mine, "no_answer"), 201)
    world.messages(str(mine.worker.phone))
    stranger = lead(world)
    world.taps(str(stranger.worker.phone), f"reached:{mine.id}:no")
    told = [each["text"] for each in world.messages(str(stranger.worker.phone))]
    assert any("can't find that offer" in text for text in told)
    for _ in range(2):
        world.taps(str(mine.worker.phone), f"reached:{mine.id}:{'yes' if reached else 'no'}")
    assert "Thank you" in world.messages(str(mine.worker.phone))[-1]["text"]
    later(world, mine, hours=30)
    world.settle()
    told = ok(report(mine, "no_answer"), 201)
    assert told["status"] == ("open" if reached else "refunded")
    assert told["decides_by"] is None
    assert mine.payment["status"] == ("succeeded" if reached else "refunded")
    assert len(refunds_of(world, payment)) == (not reached)
    if reached:
        ok(decide(world, told["id"], "refund"))
        world.settle()
        assert mine.payment["status"] == "refunded"


def test_answers_and_the_end_of_the_time_have_one_winner(world: World) -> None:
    mine, payment = silent_lead(world)
    ok(report(mine, "no_answer"), 201)
    world.messages(str(mine.worker.phone))
    later(world, mine, hours=24, minutes=1)
    body = {"type": "button_reply", "id": f"reached:{mine.id}:yes"}
    inbound = "/sandbox/whatsapp/_control/inbound"
    tap = {"phone": mine.worker.phone, "message": body}
    at_once([world.settle, lambda: world.http.post(inbound, json=tap)])
    world.settle()
    status = ok(report(mine, "no_answer"), 201)["status"]
    assert (status, len(refunds_of(world, payment))) in {("open", 0), ("refunded", 1)}


def test_who_reports_often_waits_for_a_person(world: World) -> None:
    employer = world.employer(verified=True)
    leads_ = [lead(world, employer) for _ in range(4)]
    for one in leads_:
        one.buy()
    world.settle()
    later(world, *leads_, hours=49)
    told = [ok(report(one, "no_answer"), 201)["status"] for one in leads_]
    assert told == ["checking", "checking", "checking", "open"]
    params = {"employer_id": employer.id}
    rows = ok(world.admin().get("/api/admin/reports", params=params))["items"]
    assert {(row["reports_of_employer"], row["leads_of_employer"]) for row in rows} == {(4, 4)}
    assert {row["reports_of_worker"] for row in rows} == {1}
    # What we know ourselves decides for them, too.
    gone = lead(world, employer)
    gone.buy()
    ok(gone.worker.delete("/api/workers/account"), 204)
    assert ok(report(gone, "no_answer"), 201)["status"] == "refunded"


def test_reports_sent_at_the_same_time_are_counted_one_after_the_other(world: World) -> None:
    employer = world.employer(verified=True)
    leads_ = [lead(world, employer) for _ in range(6)]
    for one in leads_:
        one.buy()
    world.settle()
    later(world, *leads_, hours=49)
    answers = at_once([partial(report, one, "no_answer") for one in leads_])
    told = sorted(ok(answer, 201)["status"] for answer in answers)
    assert told == ["checking"] * 3 + ["open"] * 3


def test_messages_that_never_arrive_for_a_day_are_evidence(world: World) -> None:
    mine, payment = bought_lead(world)
    second, _ = bought_lead(world)
    world.settle()

    async def never_arrived(session: Any) -> None:
        await session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.user_id.in_([UUID(mine.worker.id), UUID(second.worker.id)]))
            .values(state=OutboxState.SENT)
        )

    world.in_session(never_arrived)
    assert ok(report(second, "unreachable"), 201)["status"] == "open"
    later(world, mine, hours=25)
    assert ok(report(mine, "unreachable"), 201)["status"] == "refunded"
    world.settle()
    assert [one.reason for one in refunds_of(world, payment)] == ["undelivered"]
