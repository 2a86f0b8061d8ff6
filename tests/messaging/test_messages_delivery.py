"""Messages reach people once, whatever the platform does; the sandbox plays the platform."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.chat import runner
from app.core.ids import new_id
from app.messaging.inbox import process
from app.messaging.models import Channel, ChannelState, ChatPerson, OutboxMessage, OutboxState
from app.messaging.outbox import delivery, enqueue
from app.messaging.outbox.claim import LEASE
from app.messaging.quiet_hours import QuietPeriod
from app.messaging.rules import AMBIGUOUS_WAIT, GATEWAY_WAIT
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.messages import OFFER
from tests.support.outbox import WorldRecipient


@pytest.fixture
def post(sqlite_world: World) -> WorldRecipient:
    return WorldRecipient(sqlite_world)


def test_outside_the_window_a_template_goes_inside_it_free_form(post: WorldRecipient) -> None:
    post.tell()
    post.send()
    assert (post.row.form, post.row.cost_category) == ("template", "utility")
    post.world.says(post.phone, "hi")
    post.tell("2")
    post.world.settle()
    offers = [row for row in post.rows() if row.kind == "job_offer"]
    assert [row.form for row in offers] == ["template", "free"]
    first, *_, last = post.received()
    assert first["text"] == last["text"]
    assert first["buttons"] == last["buttons"]
    assert [button["title"] for button in last["buttons"]] == ["Accept", "Reject"]


def test_a_message_is_written_once_for_an_event_and_a_recipient(post: WorldRecipient) -> None:
    for _ in range(3):
        post.tell("same")
    post.tell("another")
    assert len(post.rows()) == 2


def test_statuses_arrive_and_only_move_forward(post: WorldRecipient) -> None:
    post.tell()
    post.send()
    post.news(OutboxState.DELIVERED)
    for status in ("sent", "failed", "delivered"):
        body = {"message_id": post.row.provider_id, "status": status}
        ok(post.world.http.post("/sandbox/whatsapp/_control/status", json=body))
        post.world.settle()
        assert post.row.state == OutboxState.DELIVERED
    ok(
        post.world.http.post(
            "/sandbox/whatsapp/_control/status",
            json={"message_id": post.row.provider_id, "status": "read"},
        )
    )
    post.news(OutboxState.READ)


def test_a_lost_answer_is_settled_by_the_status_and_nothing_is_sent_twice(
    post: WorldRecipient,
) -> None:
    post.fault("timeout_after_accept")
    post.tell()
    post.send()
    post.news(OutboxState.DELIVERED)
    post.world.clock.advance(minutes=10)
    post.send()
    assert len(post.received()) == 1


def test_a_lost_answer_without_a_status_is_sent_once_more_and_no_more(post: WorldRecipient) -> None:
    post.fault("timeout", 5)
    post.tell()
    post.send()
    assert post.row.state == OutboxState.UNKNOWN
    post.send()
    assert post.row.attempts == 1
    post.world.clock.advance(seconds=AMBIGUOUS_WAIT.total_seconds())
    post.send()
    assert (post.row.state, post.row.attempts) == (OutboxState.UNKNOWN, 2)
    post.world.clock.advance(seconds=AMBIGUOUS_WAIT.total_seconds())
    post.send()
    assert (post.row.state, post.row.attempts) == (OutboxState.DEAD, 2)
    assert post.received() == []


@pytest.mark.parametrize("kind", ["http_500", "http_503", "error", "html_502"])
def test_after_the_platforms_own_failure_a_status_is_waited_for(
    post: WorldRecipient, kind: str
) -> None:
    post.fault(kind)
    post.tell()
    post.send()
    assert post.row.state == OutboxState.UNKNOWN
    post.world.clock.advance(seconds=GATEWAY_WAIT.total_seconds() - 1)
    assert (post.send(), post.received()) == (0, [])
    post.world.clock.advance(seconds=1)
    post.send()
    assert len(post.received()) == 1


def test_what_was_taken_in_spite_of_a_500_is_not_sent_again(post: WorldRecipient) -> None:
    post.fault("http_500_after_accept")
    post.tell()
    post.send()
    post.news(OutboxState.DELIVERED)
    post.world.clock.advance(minutes=30)
    assert post.send() == 0
    assert (post.row.attempts, len(post.received())) == (1, 1)


def test_too_fast_holds_the_whole_number_back(post: WorldRecipient) -> None:
    post.fault("rate_limited")
    post.tell("1")
    post.send()
    assert post.row.state == OutboxState.WAITING
    post.tell("2")
    assert post.send() == 0
    post.world.clock.advance(minutes=2)
    post.send()
    assert len(post.received()) == 2


def test_too_fast_to_one_person_holds_only_them_back(post: WorldRecipient) -> None:
    other = WorldRecipient(post.world, "+919822200002")
    post.fault("pair_limited")
    post.tell()
    post.send()
    other.tell()
    post.send()
    assert (len(post.received()), len(other.received())) == (0, 1)
    post.world.clock.advance(minutes=2)
    post.send()
    assert len(post.received()) == 1


def test_a_revoked_token_halts_the_queue_and_loses_nothing(post: WorldRecipient) -> None:
    for number in range(5):
        post.tell(str(number))
    post.send(token="revoked")
    state = post.world.in_session(lambda session: session.get(ChannelState, Channel.WHATSAPP))
    assert state.halted_at is not None
    assert {row.state for row in post.rows()} == {OutboxState.WAITING}
    assert {row.attempts for row in post.rows()} == {0}
    assert post.send() == 0
    # Somebody mends the token and tells nobody: one message a minute tries, and the rest follows.
    post.world.clock.advance(minutes=2)
    assert post.send() == 1
    post.send()
    assert len(post.received()) == 5
    assert len({message["id"] for message in post.received()}) == 5


def test_a_connection_that_was_never_made_is_tried_again(post: WorldRecipient) -> None:
    post.tell()
    post.send(base="http://127.0.0.1:9")
    assert post.row.state == OutboxState.WAITING
    post.world.clock.advance(seconds=30)
    post.send()
    assert len(post.received()) == 1


def test_a_closed_window_is_noted_and_the_template_sent_once(post: WorldRecipient) -> None:
    post.world.says(post.phone, "hi")
    post.fault("window_closed")
    post.tell("1")
    post.world.settle()
    [row] = [row for row in post.rows() if row.kind == "job_offer"]
    assert (row.state, row.form) == (OutboxState.DELIVERED, "template")
    assert sum("A job for you" in message["text"] for message in post.received()) >= 1
    person = post.world.in_session(lambda session: session.scalar(select(ChatPerson)))
    assert person.last_inbound_at is None


def test_who_can_not_be_reached_is_not_written_to_again(post: WorldRecipient) -> None:
    post.fault("blocked")
    post.tell()
    post.send()
    post.news(OutboxState.FAILED)
    assert post.row.error_code == "131026"
    post.world.clock.advance(hours=1)
    assert post.send() == 0


def test_what_a_paused_template_holds_an_administrator_can_try_at_once(
    post: WorldRecipient,
) -> None:
    post.fault("template_paused")
    post.tell()
    post.send()
    held = post.row
    assert (held.state, held.error_code) == (OutboxState.WAITING, "132015")
    post.world.in_session(lambda session: delivery.retry(session, held.id, post.world.clock()))
    post.send()
    assert len(post.received()) == 1


def test_only_what_was_given_up_can_be_tried_again(post: WorldRecipient) -> None:
    post.tell()
    sent = post.row.id
    with pytest.raises(delivery.MessageNotRetryable):
        post.world.in_session(lambda session: delivery.retry(session, sent, post.world.clock()))


def test_spam_stops_what_we_start_but_not_our_answers(post: WorldRecipient) -> None:
    post.fault("spam_limited")
    post.tell()
    post.send()
    post.world.says(post.phone, "hi")
    assert len(post.received()) == 1
    offers = [row for row in post.rows() if row.kind == "job_offer"]
    assert [row.state for row in offers] == [OutboxState.WAITING]


def test_what_is_out_of_date_or_taken_back_is_never_sent(post: WorldRecipient) -> None:
    subject = new_id()
    now = post.world.clock()
    post.tell("late", expires_at=now + dt.timedelta(minutes=5))
    post.tell("gone", subject_id=subject)
    post.world.in_session(lambda session: enqueue.suppress(session, [subject], now))
    post.world.clock.advance(minutes=6)
    post.send()
    assert {row.state for row in post.rows()} == {OutboxState.SUPPRESSED}
    assert post.received() == []


def test_quiet_hours_hold_a_message_back_unless_the_deadline_would_pass(
    post: WorldRecipient,
) -> None:
    async def quiet(_session: Any, _ids: Any) -> dict[UUID, QuietPeriod]:
        return {post.user_id: QuietPeriod(dt.time(11), dt.time(14), "Asia/Kolkata")}

    now = post.world.clock()  # 11:30 in India
    post.tell("can wait", expires_at=now + dt.timedelta(hours=4))
    post.tell("can't wait", expires_at=now + dt.timedelta(hours=2))
    post.send(quiet_hours=quiet)
    assert len(post.received()) == 1
    post.world.clock.advance(hours=2, minutes=31)
    post.send(quiet_hours=quiet)
    assert len(post.received()) == 2


def test_who_is_quiet_is_still_answered(post: WorldRecipient) -> None:
    async def quiet(_session: Any, ids: Any) -> dict[UUID, QuietPeriod]:
        return {user: QuietPeriod(dt.time(11), dt.time(14), "Asia/Kolkata") for user in ids}

    post.tell("waits")
    post.world.http.post(
        "/sandbox/whatsapp/_control/inbound",
        json={"phone": post.phone, "message": {"type": "text", "text": "help"}},
    )
    post.send(quiet_hours=quiet)
    assert post.received() == []
    runtime = post.world.runtime
    post.world.run(
        process.handle_due(runtime.database, runtime.clock, 10, runner.handler(post.world.settings))
    )
    post.send(quiet_hours=quiet)
    assert len(post.received()) == 1


def test_a_code_is_sent_even_after_stop_and_is_forgotten_once_it_arrived(
    post: WorldRecipient,
) -> None:
    post.world.says(post.phone, "STOP")
    now = post.world.clock()

    async def send(session: Any) -> None:
        await enqueue.send_code(
            session,
            phone=post.phone,
            user_id=post.user_id,
            code="482913",
            language="en",
            key="challenge",
            now=now,
            expires_at=now + dt.timedelta(minutes=5),
        )
        await enqueue.notify(session, post.user_id, "job_offer", OFFER, key="x", now=now)

    post.world.in_session(send)
    post.world.settle()
    texts = [message["text"] for message in post.received()]
    assert any("482913" in text for text in texts)
    assert not any("A job for you" in text for text in texts)
    [code] = [row for row in post.rows() if row.kind == "sign_in_code"]
    assert (code.state, code.params_sealed) == (OutboxState.DELIVERED, b"")


def test_a_dead_process_leaves_its_messages_to_be_settled(post: WorldRecipient) -> None:
    post.tell()

    async def claimed_by_the_dead(session: Any) -> None:
        lease = post.world.clock() + LEASE
        await session.execute(
            update(OutboxMessage).values(
                state=OutboxState.SENDING, attempts=1, due_at=lease, lease_until=lease
            )
        )

    post.world.in_session(claimed_by_the_dead)
    assert post.send() == 0
    post.world.clock.advance(seconds=LEASE.total_seconds())
    post.send()
    assert len(post.received()) == 1


def test_a_bad_signature_is_refused_and_nothing_is_stored(post: WorldRecipient) -> None:
    path = "/api/webhooks/whatsapp"
    refused(post.world.http.post(path, content=b"{}"), 401, "bad_signature")
    headers = {"X-Hub-Signature-256": "sha256=" + "0" * 64}
    refused(post.world.http.post(path, content=b"{}", headers=headers), 401, "bad_signature")
    assert post.world.in_session(lambda s: s.scalar(select(ChatPerson.id))) is None


def test_the_webhook_proves_itself_by_the_verify_token(post: WorldRecipient) -> None:
    path = "/api/webhooks/whatsapp"
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    right = asked | {"hub.verify_token": post.world.settings.whatsapp_verification or ""}
    answer = post.world.http.get(path, params=right)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    wrong = asked | {"hub.verify_token": "guess"}
    refused(post.world.http.get(path, params=wrong), 403, "wrong_verify_token")
