"""The rules of messaging: retries, order of statuses, the 24-hour window, rate to one person."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.clocks import SKEW, believed

WINDOW: Final = dt.timedelta(hours=24)
"""Free-form is allowed this long after a person's last message."""
WINDOW_MARGIN: Final = dt.timedelta(minutes=2)
"""The window counts as closed this much early, because the platform's clock decides."""

AMBIGUOUS_WAIT: Final = dt.timedelta(seconds=90)
"""How long a send whose answer was lost waits for a status."""
GATEWAY_WAIT: Final = dt.timedelta(seconds=60)
"""The same after a 5xx answer: the message has hardly arrived."""
MAX_UNANSWERED: Final = 2
"""After so many lost answers a message is not sent again: it may have arrived."""
MAX_ATTEMPTS: Final = 8
FIRST_RETRY_SECONDS: Final = 3.0
LONGEST_RETRY_SECONDS: Final = 900.0

NUMBER_BACK_OFF_SECONDS: Final = 10.0
"""The first pause of a number that sends too fast; each next one without a success is twice as long."""
LONGEST_BACK_OFF: Final = dt.timedelta(minutes=15)
"""A `ChannelState.backs_off_until` further ahead was written by a wrong clock."""
BACK_OFF_ALERT_AFTER: Final = dt.timedelta(minutes=3)
"""When an alert is raised for a number that was refused as too fast all this time."""
RUN_OF_REFUSALS: Final = 5
"""Unknown refusals in a row, of so many people, mean that the account is refused, and not a message."""
REFUSED_WHILE_HALTED: Final = dt.timedelta(minutes=10)
"""When a message is tried again that got an unknown refusal while its channel was halted; other messages
probe the channel until then."""
PERSON_BACK_OFF: Final = dt.timedelta(seconds=60)
SPAM_PAUSE: Final = dt.timedelta(hours=1)
HALT_PROBE: Final = dt.timedelta(seconds=60)
"""How often one message probes a halted channel, so that it recovers by itself."""
MUCH_LATER: Final = dt.timedelta(hours=6)
"""When a message that the platform chose not to deliver is tried once more."""
WORTH_TRYING: Final = dt.timedelta(hours=1)
"""A message is tried then only if it stays valid for this long after, so that there is time to answer."""
LONGEST_DEFERRAL: Final = dt.timedelta(minutes=30)
"""The longest time until a deferred message is looked at again."""

PAIR_INTERVAL: Final = dt.timedelta(seconds=6)
"""The platform's lasting rate to one person."""
PAIR_BURST: Final = 20
"""Messages that may exceed that rate; the platform allows 45."""

_LONGEST_PAIR: Final = PAIR_INTERVAL * PAIR_BURST
"""A `pair_free_at` further ahead was written by a wrong clock."""


class Refusal(StrEnum):
    """The kinds of refusals of a channel; `decide_retry` says what follows from each."""

    BACK_OFF = "back_off"
    """The number sends too fast: everything waits."""
    PERSON_TOO_FAST = "person_too_fast"
    """Only this person has to wait."""
    SPAM = "spam"
    """The platform takes our notices for spam: only answers are sent for a while."""
    WINDOW_CLOSED = "window_closed"
    """Outside the 24-hour window: a template is needed."""
    UNREACHABLE = "unreachable"
    """This person can't be reached; no retry."""
    NOT_NOW = "not_now"
    """The platform chose not to deliver; one retry hours later may work."""
    NO_MARKETING = "no_marketing"
    """This person stopped marketing; other messages still go."""
    CREDENTIALS = "credentials"
    """The token or its rights are wrong: the channel halts."""
    BLOCKED = "blocked"
    """The account is blocked: the channel halts."""
    TEMPLATE = "template"
    """This template is missing or does not fit: it is barred."""
    TEMPLATE_PAUSED = "template_paused"
    """This template is paused or disabled: it is barred, and its messages wait."""
    FORM = "form"
    """The platform opens no form now: the message is sent again with a list instead."""
    MEDIA = "media"
    """The attachment failed; bounded retries."""
    TRANSIENT = "transient"
    """The platform failed and the message did not arrive; bounded retries."""
    UNSENT = "unsent"
    """No connection was made, so nothing arrived; bounded retries."""
    AMBIGUOUS = "ambiguous"
    """The answer was lost, and the message may have arrived: wait for a status, then send once more."""
    GATEWAY = "gateway"
    """A 5xx answer of the platform or a proxy: wait for a status before each of the bounded retries."""
    ELSEWHERE = "elsewhere"
    """The platform files the template as marketing: it is sent by the marketing endpoint."""
    NOT_MARKETING = "not_marketing"
    """The template is no marketing: it is sent by the usual endpoint."""
    CLASSIFICATION = "classification"
    """Our templates are in a wrong category: only answers are sent for a while."""
    UNRECOGNISED = "unrecognised"
    """An unknown refusal: the message is given up; after several people the channel halts."""
    PERMANENT = "permanent"
    """This message will never be accepted."""


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
"""No retry follows soon, so the next message to the same person need not wait."""


class Outcome(StrEnum):
    """What happens to a message that was refused."""

    RETRY = "retry"
    DEFERRED = "deferred"
    """It waits, and later messages to the person overtake it."""
    WAIT_FOR_STATUS = "wait_for_status"
    FAILED = "failed"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """The outcome of a refused message, and what its refusal means for others."""

    outcome: Outcome
    after: dt.timedelta = dt.timedelta(0)
    uses_attempt: bool = True
    """Whether the message itself failed, and not the channel."""
    back_off: dt.timedelta | None = None
    """Pause the whole channel for this long."""
    halt: bool = False
    only_replies: bool = False
    suspicious: bool = False
    """Whether several of these in a row, of different people, halt the channel."""
    window_closed: bool = False
    alert: bool = False


def back_off_after(
    times: int, jitter: float, wanted: dt.timedelta = dt.timedelta(0)
) -> dt.timedelta:
    """Return the pause of a number that sends too fast, after `times` pauses since its last success.

    `jitter` (0 to 1) spreads it by half. It is at least `wanted` and at most `LONGEST_BACK_OFF`.
    """
    longest = LONGEST_BACK_OFF.total_seconds()
    grown = min(NUMBER_BACK_OFF_SECONDS * 2.0 ** min(times, 16), longest / 1.5)
    return min(max(dt.timedelta(seconds=grown * (0.5 + jitter)), wanted), LONGEST_BACK_OFF)


def retry_after(attempts: int, jitter: float) -> dt.timedelta:
    """Return the pause before try `attempts` + 1: doubling, capped, and spread by `jitter` (0 to 1)."""
    longest = min(FIRST_RETRY_SECONDS * 2 ** max(0, attempts - 1), LONGEST_RETRY_SECONDS)
    return dt.timedelta(seconds=longest * (0.5 + jitter / 2))


_AS_REFUSED: Final[Mapping[Refusal, RetryDecision]] = {
    Refusal.PERSON_TOO_FAST: RetryDecision(Outcome.RETRY, PERSON_BACK_OFF, uses_attempt=False),
    **dict.fromkeys(
        (Refusal.SPAM, Refusal.CLASSIFICATION),
        RetryDecision(Outcome.RETRY, SPAM_PAUSE, uses_attempt=False, only_replies=True, alert=True),
    ),
    **dict.fromkeys(
        (Refusal.CREDENTIALS, Refusal.BLOCKED),
        RetryDecision(
            Outcome.RETRY,
            HALT_PROBE,
            uses_attempt=False,
            back_off=HALT_PROBE,
            halt=True,
            alert=True,
        ),
    ),
    Refusal.AMBIGUOUS: RetryDecision(Outcome.WAIT_FOR_STATUS, AMBIGUOUS_WAIT),
    Refusal.TEMPLATE_PAUSED: RetryDecision(
        Outcome.DEFERRED, LONGEST_DEFERRAL, uses_attempt=False, alert=True
    ),
    **dict.fromkeys((Refusal.UNREACHABLE, Refusal.NO_MARKETING), RetryDecision(Outcome.FAILED)),
}
"""The decisions that depend on nothing but the refusal."""


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

    `attempts` counts this one. `free_form` says whether a template is still to be tried. `jitter` (0 to 1)
    spreads retries. `retry_after_seconds` is the platform's wish. `status_seconds` is how soon its status
    follows (`GATEWAY_WAIT` where unknown). `worth_later` says whether the message is valid much later.
    """
    pause = retry_after(attempts, jitter)
    if retry_after_seconds is not None:
        pause = max(pause, dt.timedelta(seconds=min(retry_after_seconds, LONGEST_RETRY_SECONDS)))
    match refusal:
        case Refusal.BACK_OFF:
            wait = back_off_after(0, jitter, pause)
            return RetryDecision(Outcome.RETRY, wait, uses_attempt=False, back_off=wait)
        case Refusal.WINDOW_CLOSED:
            return RetryDecision(Outcome.RETRY if free_form else Outcome.FAILED, window_closed=True)
        case Refusal.GATEWAY if attempts < MAX_ATTEMPTS:
            expected = (
                GATEWAY_WAIT if status_seconds is None else dt.timedelta(seconds=status_seconds)
            )
            return RetryDecision(Outcome.WAIT_FOR_STATUS, max(pause, expected))
        case Refusal.TRANSIENT | Refusal.UNSENT | Refusal.MEDIA if attempts < MAX_ATTEMPTS:
            return RetryDecision(Outcome.RETRY, pause)
        case Refusal.FORM | Refusal.ELSEWHERE | Refusal.NOT_MARKETING if attempts < MAX_ATTEMPTS:
            return RetryDecision(Outcome.RETRY)
        case Refusal.NOT_NOW if worth_later and attempts <= 1:
            return RetryDecision(Outcome.DEFERRED, MUCH_LATER)
        case Refusal.NOT_NOW:
            return RetryDecision(Outcome.FAILED)
    suspicious = refusal is Refusal.UNRECOGNISED and attempts < MAX_ATTEMPTS
    return _AS_REFUSED.get(refusal) or RetryDecision(
        Outcome.DEAD, suspicious=suspicious, alert=True
    )


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
    """Whether a status changes a message in `state`; statuses come late and out of order.

    `failed` follows accepted and sent; `delivered` and `read` follow even `failed`.
    """
    return _RANK.get(status, -1) > _RANK[state]


def window_open(last_inbound_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether free-form is allowed to a person who last wrote then; a time ahead of now does not count."""
    if last_inbound_at is None or last_inbound_at > now + SKEW:
        return False
    return now < last_inbound_at + WINDOW - WINDOW_MARGIN


def pair_wait(free_at: dt.datetime | None, now: dt.datetime) -> dt.timedelta:
    """Return how long a person's next message has to wait; zero within the burst."""
    free_at = believed(free_at, now, _LONGEST_PAIR)
    if free_at is None:
        return dt.timedelta(0)
    return max(dt.timedelta(0), free_at - now - PAIR_INTERVAL * (PAIR_BURST - 1))


def pair_next(free_at: dt.datetime | None, now: dt.datetime) -> dt.datetime:
    """Return the new `free_at` after one message to this person."""
    free_at = believed(free_at, now, _LONGEST_PAIR)
    return max(free_at or now, now) + PAIR_INTERVAL
