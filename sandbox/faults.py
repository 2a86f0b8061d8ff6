"""Scripted misbehaviour: what goes wrong next, and how often.

A fault is taken at one *moment*: when a call that writes is answered (`call`), or one that reads (`read`), when
a person does something (`person`), when a card is charged (`card`), or when a webhook is queued (`webhook`). The oldest one is used first, once per call or webhook, until `next` are used up.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.problem import Problem, integer_in
from sandbox.store import Json, Store

#: The name of every webhook fault, and the shorter word that is accepted for it.
WEBHOOK_FAULTS = {
    "duplicate": "the webhook is posted twice",
    "reorder": "the webhook arrives after the ones behind it",
    "batch": "the webhook waits, and arrives together with the ones behind it",
    "delay": "the webhook arrives `seconds` later (default 5)",
    "bad_signature": "the webhook is first posted with a wrong signature, then repeated rightly",
    "lost": "the webhook never arrives",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One scripted fault, taken: `code` and `seconds` as the script gave them."""

    kind: str
    code: str | None
    seconds: float | None


def script(store: Store, service: str, kinds: Mapping[str, Mapping[str, str]], body: Json) -> Json:
    """Store `{next, kind, code?, seconds?}`; `next: 0` takes that kind back.

    `kinds` are the service's own kinds by moment; those of webhooks are common to all.
    Raises Problem 422 naming the kinds there are.
    """
    kind = str(body.get("kind", "")).removesuffix("_webhook")
    moments = {word: moment for moment, words in kinds.items() for word in words}
    moments |= dict.fromkeys(WEBHOOK_FAULTS, "webhook")
    times = integer_in(body, "next", 1, 0, 1_000_000)
    if kind not in moments:
        known = ", ".join(sorted(moments))
        raise Problem(422, "unknown_fault", f"`kind` is one of: {known}.")
    code = body.get("code")
    if code is not None and (isinstance(code, bool) or not isinstance(code, str | int)):
        raise Problem(422, "invalid_body", "`code` is a number or a word.")
    seconds = body.get("seconds")
    if seconds is not None and (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not 0 <= seconds <= 3600
    ):
        raise Problem(422, "invalid_body", "`seconds` is a number from 0 to 3600.")
    moment = moments[kind]
    with store.write() as db:
        if times == 0:
            db.execute("DELETE FROM faults WHERE service = ? AND kind = ?", (service, kind))
        else:
            db.execute(
                "INSERT INTO faults (service, moment, kind, remaining, code, seconds)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (service, moment, kind, times, None if code is None else str(code), seconds),
            )
        store.note("fault", f"{service}: the next {times} will meet {kind}")
    return {"next": times, "kind": kind, "moment": moment}


def take(store: Store, service: str, moment: str) -> Fault | None:
    """Use up one waiting fault of that moment, or None."""
    row = store.db.execute(
        "SELECT id, kind, code, seconds FROM faults WHERE service = ? AND moment = ?"
        " ORDER BY id LIMIT 1",
        (service, moment),
    ).fetchone()
    if row is None:
        return None
    with store.write() as db:
        taken = db.execute(
            "UPDATE faults SET remaining = remaining - 1 WHERE id = ? AND remaining > 0",
            (row["id"],),
        ).rowcount
        db.execute("DELETE FROM faults WHERE id = ? AND remaining <= 0", (row["id"],))
    return Fault(row["kind"], row["code"], row["seconds"]) if taken else None


def waiting(store: Store, service: str) -> list[Json]:
    """The faults still to come, oldest first."""
    rows = store.db.execute(
        "SELECT kind, remaining AS next, code, seconds FROM faults WHERE service = ? ORDER BY id",
        (service,),
    )
    return [dict(row) for row in rows]
