"""What follows from what: retries, statuses, quiet hours and pace, as pure rules over plain facts."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from app.core.clocks import SKEW, believed

WINDOW: Final = dt.timedelta(hours=24)
"""Free-form is allowed this long after a person's last message."""
WINDOW_MARGIN: Final = dt.timedelta(minutes=2)
"""The window counts as closed a little early: their clock decides, not ours."""

AMBIGUOUS_WAIT: Final = dt.timedelta(seconds=90)
"""How long a status may take to settle a send whose answer was lost."""
GATEWAY_WAIT: Final = dt.timedelta(seconds=60)
"""The same after an answer that says no more than that something failed: it can hardly be there."""
MAX_UNANSWERED: Final = 2
"""After that many lost answers nobody is sent the same message again: it may be there already."""
MAX_ATTEMPTS: Final = 8
FIRST_RETRY_SECONDS: Final = 3.0
LONGEST_RETRY_SECONDS: Final = 900.0

NUMBER_BACK_OFF_SECONDS: Final = 10.0
"""The first pause of a number that is too fast; each that follows without a success is twice as long."""
LONGEST_BACK_OFF: Final = dt.timedelta(minutes=15)
"""Also the longest that `ChannelState.backs_off_until` is believed."""
BACK_OFF_ALERT_AFTER: Final = dt.timedelta(minutes=3)
"""A number that is refused as too fast for so long, with no success, needs somebody."""
RUN_OF_REFUSALS: Final = 5
"""So many different people refused in a row for reasons nobody knows: it is the account, not they."""
REFUSED_WHILE_HALTED: Final = dt.timedelta(minutes=10)
"""When a message is tried again that was refused for an unknown reason while its channel was halted: the
probes until then are of other messages."""
PERSON_BACK_OFF: Final = dt.timedelta(seconds=60)
SPAM_PAUSE: Final = dt.timedelta(hours=1)
HALT_PROBE: Final = dt.timedelta(seconds=60)
"""While a channel is halted, one message tries again this often: whoever mends it need tell nobody."""
MUCH_LATER: Final = dt.timedelta(hours=6)
"""When a message that the platform chose not to deliver is tried once more."""
WORTH_TRYING: Final = dt.timedelta(hours=1)
"""So long it has to be true after that: who reads it should have time to answer."""
LONGEST_DEFERRAL: Final = dt.timedelta(minutes=30)
"""A message that is held back is looked at again this often."""

PAIR_INTERVAL: Final = dt.timedelta(seconds=6)
"""The platform's lasting rate to one person."""
PAIR_BURST: Final = 20
"""Messages that may run ahead of that rate; the platform allows 45."""

_LONGEST_PAIR: Final = PAIR_INTERVAL * PAIR_BURST
"""So far `pair_free_at` may lie ahead."""


class Refusal(StrEnum):
    """What kind of refusal a channel met; `app.messaging.outbox.delivery` says what follows."""

    BACK_OFF = "back_off"
    """The whole number is too fast: everything waits."""
    PERSON_TOO_FAST = "person_too_fast"
    """Only this person has to wait."""
    SPAM = "spam"
    """Stop what we start ourselves; answers still go."""
    WINDOW_CLOSED = "window_closed"
    """Free-form is not allowed now: a template is."""
    UNREACHABLE = "unreachable"
    """This person can't be reached: no retry."""
    NOT_NOW = "not_now"
    """The platform chose not to deliver; trying at once makes it worse, but once much later may do."""
    NO_MARKETING = "no_marketing"
    """This person wants no marketing: what is none still goes."""
    CREDENTIALS = "credentials"
    """Nothing can be sent until somebody mends the token or its rights."""
    BLOCKED = "blocked"
    """Nothing can be sent until somebody settles the account."""
    TEMPLATE = "template"
    """This template is missing or wrong for this message: it is barred until it is mended."""
    TEMPLATE_PAUSED = "template_paused"
    """This template is paused or disabled: it is barred, and the message waits for its approval."""
    FORM = "form"
    """The platform opens no form now: the same message goes once more, with a list in its place."""
    MEDIA = "media"
    """The attachment failed: try again."""
    TRANSIENT = "transient"
    """The platform failed and this did not arrive, so much is sure: bounded retries."""
    UNSENT = "unsent"
    """No connection was made: nothing can have arrived, bounded retries."""
    AMBIGUOUS = "ambiguous"
    """The answer was lost: it may have arrived. Wait for a status before sending once more."""
    GATEWAY = "gateway"
    """The answer was of a failure, the platform's or a proxy's: it can hardly have arrived, but a status
    is waited for before each of the bounded retries."""
    ELSEWHERE = "elsewhere"
    """The platform files the template as marketing, which goes another way: it is sent there."""
    NOT_MARKETING = "not_marketing"
    """The template went the way of marketing and is none: it is sent the usual way."""
    CLASSIFICATION = "classification"
    """Templates were filed wrongly: stop what we start ourselves; answers still go."""
    UNRECOGNISED = "unrecognised"
    """A refusal nobody has heard of: this message is given up, and after several people the channel halts."""
    PERMANENT = "permanent"
    """This very message will never be taken."""


FINAL: Final = frozenset(
    {
        Refusal.UNREACHABLE,
        Refusal.NOT_NOW,
        Refusal.NO_MARKETING,
        Refusal.TEMPLATE,
        Refusal.TEMPLATE_PAUSED,
        Refusal.UNRECOGNISED,
        Refusal.PERMANENT,
    }
)
"""After these nothing is sent again soon, so what comes next to the same person need not wait."""


class Outcome(StrEnum):
    """What becomes of a message that was refused."""

    RETRY = "retry"
    DEFERRED = "deferred"
    """It waits, and what comes next to the same person goes before it."""
    WAIT_FOR_STATUS = "wait_for_status"
    FAILED = "failed"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """The outcome of one message, and what its refusal means for others."""

    outcome: Outcome
    after: dt.timedelta = dt.timedelta(0)
    uses_attempt: bool = True
    """Whether it was this message's own failure; a halted channel is not."""
    back_off: dt.timedelta | None = None
    """Hold the whole channel back so long."""
    halt: bool = False
    only_replies: bool = False
    suspicious: bool = False
    """Whether several of these in a row, to different people, halt the channel."""
    window_closed: bool = False
    alert: bool = False


def back_off_after(
    times: int, jitter: float, wanted: dt.timedelta = dt.timedelta(0)
) -> dt.timedelta:
    """Return how long a number pauses that is refused as too fast, `times` pauses after its last success.

    `jitter` (0 to 1) spreads it by half; `wanted` is the least, unless it is beyond `LONGEST_BACK_OFF`.
    """
    longest = LONGEST_BACK_OFF.total_seconds()
    grown = min(NUMBER_BACK_OFF_SECONDS * 2.0 ** min(times, 16), longest / 1.5)
    return min(max(dt.timedelta(seconds=grown * (0.5 + jitter)), wanted), LONGEST_BACK_OFF)


def retry_after(attempts: int, jitter: float) -> dt.timedelta:
    """Return the pause before try `attempts` + 1: doubling, capped, and spread by `jitter` (0 to 1)."""
    longest = min(FIRST_RETRY_SECONDS * 2 ** max(0, attempts - 1), LONGEST_RETRY_SECONDS)
    return dt.timedelta(seconds=longest * (0.5 + jitter / 2))


def decide_retry(
    refusal: Refusal,
    *,
    attempts: int,
    free_form: bool,
    jitter: float,
    retry_after_seconds: float | None = None,
    status_seconds: float | None = None,
    worth_later: bool = False,
) -> RetryDecision:
    """Return what a refusal means.

    `attempts` counts this one; `free_form` says whether a template is still to be tried; `jitter`
    (0 to 1) spreads retries; `retry_after_seconds` is the platform's own wish, `status_seconds` how soon
    it tells of what it has (`GATEWAY_WAIT` where that is not known); `worth_later` says whether it is still
    worth reading much later.
    """
    pause = retry_after(attempts, jitter)
    if retry_after_seconds is not None:
        pause = max(pause, dt.timedelta(seconds=min(retry_after_seconds, LONGEST_RETRY_SECONDS)))
    match refusal:
        case Refusal.BACK_OFF:
            wait = back_off_after(0, jitter, pause)
            decision = RetryDecision(Outcome.RETRY, wait, uses_attempt=False, back_off=wait)
        case Refusal.PERSON_TOO_FAST:
            decision = RetryDecision(Outcome.RETRY, PERSON_BACK_OFF, uses_attempt=False)
        case Refusal.SPAM | Refusal.CLASSIFICATION:
            decision = RetryDecision(
                Outcome.RETRY, SPAM_PAUSE, uses_attempt=False, only_replies=True, alert=True
            )
        case Refusal.WINDOW_CLOSED:
            decision = RetryDecision(
                Outcome.RETRY if free_form else Outcome.FAILED, window_closed=True
            )
        case Refusal.CREDENTIALS | Refusal.BLOCKED:
            decision = RetryDecision(
                Outcome.RETRY,
                HALT_PROBE,
                uses_attempt=False,
                back_off=HALT_PROBE,
                halt=True,
                alert=True,
            )
        case Refusal.AMBIGUOUS:
            decision = RetryDecision(Outcome.WAIT_FOR_STATUS, AMBIGUOUS_WAIT)
        case Refusal.GATEWAY if attempts < MAX_ATTEMPTS:
            told = GATEWAY_WAIT if status_seconds is None else dt.timedelta(seconds=status_seconds)
            decision = RetryDecision(Outcome.WAIT_FOR_STATUS, max(pause, told))
        case Refusal.TRANSIENT | Refusal.UNSENT | Refusal.MEDIA if attempts < MAX_ATTEMPTS:
            decision = RetryDecision(Outcome.RETRY, pause)
        case Refusal.FORM | Refusal.ELSEWHERE | Refusal.NOT_MARKETING if attempts < MAX_ATTEMPTS:
            decision = RetryDecision(Outcome.RETRY)
        case Refusal.TEMPLATE_PAUSED:
            decision = RetryDecision(
                Outcome.DEFERRED, LONGEST_DEFERRAL, uses_attempt=False, alert=True
            )
        case Refusal.NOT_NOW if worth_later and attempts <= 1:
            decision = RetryDecision(Outcome.DEFERRED, MUCH_LATER)
        case Refusal.UNREACHABLE | Refusal.NOT_NOW | Refusal.NO_MARKETING:
            decision = RetryDecision(Outcome.FAILED)
        case Refusal.UNRECOGNISED if attempts < MAX_ATTEMPTS:
            decision = RetryDecision(Outcome.DEAD, suspicious=True, alert=True)
        case _:
            decision = RetryDecision(Outcome.DEAD, alert=True)
    return decision


_RANK: Final[Mapping[str, int]] = {
    "waiting": 0,
    "sending": 0,
    "unknown": 0,
    "suppressed": 0,
    "dead": 1,
    "accepted": 1,
    "sent": 2,
    "failed": 3,
    "delivered": 4,
    "read": 5,
}


def moves_forward(state: str, status: str) -> bool:
    """Whether a platform status changes a message in `state`: statuses come late and out of order.

    `failed` beats accepted and sent; delivered or read beats failed, because somebody has it.
    """
    return _RANK.get(status, -1) > _RANK[state]


def window_open(last_inbound_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether free-form is allowed to a person who last wrote then; not if that is still to come."""
    if last_inbound_at is None or last_inbound_at > now + SKEW:
        return False
    return now < last_inbound_at + WINDOW - WINDOW_MARGIN


@dataclass(frozen=True, slots=True)
class QuietPeriod:
    """Wall-clock hours in which a person wants no message; `end` at or before `start` is next day."""

    start: dt.time
    end: dt.time
    time_zone: str


def quiet_until(hours: QuietPeriod, now: dt.datetime) -> dt.datetime | None:
    """Return when quiet ends (UTC), or None when it is not quiet now."""
    if hours.start == hours.end:
        return None
    zone = ZoneInfo(hours.time_zone)
    local = now.astimezone(zone)
    time = local.time()
    if hours.start < hours.end:
        quiet, ends = hours.start <= time < hours.end, local.date()
    else:
        quiet = time >= hours.start or time < hours.end
        ends = local.date() + dt.timedelta(days=1 if time >= hours.start else 0)
    return dt.datetime.combine(ends, hours.end, zone).astimezone(dt.UTC) if quiet else None


def pair_wait(free_at: dt.datetime | None, now: dt.datetime) -> dt.timedelta:
    """Return how long a person's next message has to wait; zero while the burst lasts."""
    free_at = believed(free_at, now, _LONGEST_PAIR)
    if free_at is None:
        return dt.timedelta(0)
    return max(dt.timedelta(0), free_at - now - PAIR_INTERVAL * (PAIR_BURST - 1))


def pair_next(free_at: dt.datetime | None, now: dt.datetime) -> dt.datetime:
    """Return the new `free_at` after one message to this person."""
    free_at = believed(free_at, now, _LONGEST_PAIR)
    return max(free_at or now, now) + PAIR_INTERVAL
