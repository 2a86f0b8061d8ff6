"""What the product has in the end, compared with what it acknowledged and with what the outside saw."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, text

from campaign.journal import Entry, Journal, Outcome

KNOWN_AFTER_SECONDS: Final = 5.0
"""A message that was on its way when its status came can't be called back."""

_SHOWN: Final = 5
"""So many of a kind are named; the rest is counted."""


@dataclass
class Verdict:
    """What is wrong, by kind; empty when everything holds."""

    lost: list[str] = field(default_factory=list)
    """Acknowledged, and not there."""
    doubled: list[str] = field(default_factory=list)
    """Done twice although it was known to be done."""
    untrue: list[str] = field(default_factory=list)
    """Said to be refused or unchanged, and done."""
    broken: list[str] = field(default_factory=list)
    """A rule of the campaign's own that does not hold."""
    figures: dict[str, int] = field(default_factory=dict)

    def problems(self) -> dict[str, list[str]]:
        """Return what is wrong."""
        kinds = {
            "lost": self.lost,
            "doubled": self.doubled,
            "untrue": self.untrue,
            "broken": self.broken,
        }
        return {kind: found for kind, found in kinds.items() if found}


def _id(value: Any) -> str:
    """Return an id as the API writes it, whichever database it comes from."""
    return str(UUID(str(value)))


def _tapped(journal: Journal, verb: str) -> set[str]:
    """Return the offers of which somebody tapped this answer, whatever became of it."""
    return {str(entry.facts["message"]["id"]).split(":")[1] for entry in journal.of(verb)}


class Judge:
    """Looks at the database, the sandbox and the journal, once everything has come to rest."""

    def __init__(
        self,
        engine: Engine,
        sandbox_file: Path,
        journal: Journal,
        known_at: Mapping[str, float],
        poisoned: Collection[tuple[str, str]],
    ) -> None:
        self._engine, self._sandbox_file, self._journal = engine, sandbox_file, journal
        self._known_at = known_at
        """When a good status of a message had been acknowledged, by the outbox's id."""
        self._poisoned = {_id(row) for _, row in poisoned}
        self._verdict = Verdict()

    def judge(self) -> Verdict:
        """Compare everything."""
        self._accounts()
        self._jobs()
        self._offers()
        self._inbound()
        self._outbound()
        self._money()
        return self._verdict

    # ── Helpers ──────────────────────────────────────────────────────────────────────────────────

    def _rows(self, query: str) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(text(query)))

    def _outside(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self._sandbox_file)) as sandbox:
            return sandbox.execute(query).fetchall()

    def _add(self, to: list[str], what: str, which: Iterable[str]) -> None:
        found = sorted(which)
        if found:
            named = ", ".join(found[:_SHOWN])
            to.append(f"{len(found)} × {what}: {named}")

    # ── People ───────────────────────────────────────────────────────────────────────────────────

    def _accounts(self) -> None:
        status = {_id(row.id): row.status for row in self._rows("SELECT id, status FROM users")}
        for verb in ("sign_in_worker", "sign_in_employer"):
            missing = self._journal.acknowledged(verb) - set(status)
            self._add(self._verdict.lost, f"account of {verb}", missing)
        erased = self._journal.acknowledged("erase")
        still = {user for user in erased if status.get(user) != "erased"}
        self._add(self._verdict.lost, "erasure", still)
        gone = self._journal.possible("erase")
        slots = {
            _id(row.worker_id) for row in self._rows("SELECT worker_id FROM worker_availability")
        }
        weeks = self._journal.acknowledged("set_week") - slots - gone
        self._add(self._verdict.lost, "week", weeks)
        verified = {
            _id(row.id)
            for row in self._rows("SELECT id FROM employers WHERE verified_at IS NOT NULL")
        }
        unverified = self._journal.acknowledged("verify") - verified
        self._add(self._verdict.lost, "verification", unverified)
        self._stops(gone)

    def _stops(self, gone: set[str]) -> None:
        people = {
            entry.facts["phone"]: entry.subject for entry in self._journal.of("sign_in_worker")
        }
        stopped = {
            _id(row.id) for row in self._rows("SELECT id FROM workers WHERE stopped_at IS NOT NULL")
        }
        said = {
            people[entry.subject] for entry in self._journal.of("stop") if entry.subject in people
        }
        self._add(self._verdict.lost, "STOP", said - stopped - gone)

    # ── Jobs and offers ──────────────────────────────────────────────────────────────────────────

    def _jobs(self) -> None:
        rows = self._rows("SELECT id, title, status FROM jobs")
        status = {_id(row.id): row.status for row in rows}
        titles = Counter(row.title for row in rows)
        verdict, journal = self._verdict, self._journal
        self._add(verdict.lost, "job", journal.acknowledged("post") - set(status))
        drafts = {job for job, state in status.items() if state == "draft"}
        self._add(verdict.lost, "publication", journal.acknowledged("publish") & drafts)
        cancelled = journal.acknowledged("cancel")
        alive = {job for job in cancelled if status.get(job) != "cancelled"}
        self._add(verdict.lost, "cancellation", alive)
        twice = {title for title, times in titles.items() if times > 1}
        self._add(verdict.doubled, "job of one request", twice)
        for outcome in (Outcome.UNCHANGED, Outcome.REFUSED):
            said = {entry.facts["title"] for entry in journal.of("post", outcome)}
            self._add(verdict.untrue, f"job that was {outcome}", said & set(titles))

    def _offers(self) -> None:
        status = {
            _id(row.id): row.status for row in self._rows("SELECT id, status FROM job_matches")
        }
        journal = self._journal
        left = {
            entry.facts["worker"]
            for entry in journal.of("erase", Outcome.ACKNOWLEDGED, Outcome.UNKNOWN)
        }
        # Who taps No on what they accepted takes it back.
        takes_back = journal.possible("withdraw") | _tapped(journal, "tap_reject")

        def wrong(verb: str, *allowed: str) -> set[str]:
            return {
                f"{entry.subject} ({status.get(entry.subject)})"
                for entry in journal.of(verb, Outcome.ACKNOWLEDGED)
                if is_wrong(entry, set(allowed))
            }

        def is_wrong(entry: Entry, allowed: set[str]) -> bool:
            if entry.subject in takes_back or entry.facts.get("worker") in left:
                allowed = allowed | {"withdrawn"}
            return status.get(entry.subject) not in allowed

        self._add(self._verdict.lost, "acceptance", wrong("accept", "accepted"))
        self._add(self._verdict.lost, "rejection", wrong("reject", "rejected"))
        self._add(self._verdict.lost, "withdrawal", wrong("withdraw", "withdrawn"))
        # Who was told no by every way they tried did not accept.
        tried = journal.possible("accept") | _tapped(journal, "tap_accept")
        never = {offer for offer, state in status.items() if state == "accepted"} - tried
        self._add(self._verdict.untrue, "acceptance that nobody asked for", never)

    # ── Messages ─────────────────────────────────────────────────────────────────────────────────

    def _inbound(self) -> None:
        acknowledged = {
            row[0]
            for row in self._outside(
                "SELECT messages.id FROM messages JOIN webhooks ON webhooks.ref = messages.id"
                " WHERE messages.incoming = 1 AND webhooks.state = 'delivered'"
            )
        }
        states = {
            row.message_id: row.state for row in self._rows("SELECT message_id, state FROM inbox")
        }
        self._add(self._verdict.lost, "message of a person", acknowledged - set(states))
        unhandled = {id_ for id_ in acknowledged & set(states) if states[id_] != "handled"}
        self._add(self._verdict.lost, "message of a person that was never handled", unhandled)
        self._verdict.figures["messages of people"] = len(acknowledged)

    def _outbound(self) -> None:
        copies: dict[str, list[float]] = defaultdict(list)
        for callback, at in self._outside(
            "SELECT callback_data, at FROM messages WHERE incoming = 0 AND person_id NOT NULL"
            " AND status != 'failed' AND callback_data NOT NULL ORDER BY seq"
        ):
            copies[_id(callback)].append(at)
        rows = {
            _id(row.id): row
            for row in self._rows("SELECT id, state, error, unanswered, kind, channel FROM outbox")
        }
        known = set()
        for id_, times in copies.items():
            first_known = self._known_at.get(id_)
            if first_known is not None and any(
                at > first_known + KNOWN_AFTER_SECONDS for at in times[1:]
            ):
                known.add(id_)
        self._add(self._verdict.doubled, "message whose status was known", known)
        whatsapp = {id_: row for id_, row in rows.items() if row.channel == "whatsapp"}
        arrived = {
            id_ for id_, row in whatsapp.items() if row.state in {"delivered", "read", "sent"}
        }
        self._add(
            self._verdict.broken, "message said to be sent that nobody got", arrived - set(copies)
        )
        silent = {
            id_
            for id_, row in whatsapp.items()
            if id_ not in copies and row.error is None and row.state != "suppressed"
        }
        self._add(
            self._verdict.lost, "message to a person, without a reason", silent - self._poisoned
        )
        self._add(self._verdict.broken, "message that no row knows of", set(copies) - set(rows))
        states = Counter(row.state for row in rows.values())
        self._verdict.figures |= {f"messages to people, {state}": n for state, n in states.items()}
        self._verdict.figures["copies that nobody could know of"] = sum(
            len(times) - 1 for id_, times in copies.items() if id_ not in known
        )

    # ── Money ────────────────────────────────────────────────────────────────────────────────────

    def _money(self) -> None:
        objects = [json.loads(body) for (body,) in self._outside("SELECT body FROM stripe_objects")]
        captured = {
            each["id"]: each
            for each in objects
            if each.get("object") == "payment_intent" and each.get("status") == "succeeded"
        }
        back: Counter[str] = Counter()
        refund_ids: Counter[str] = Counter()
        for each in objects:
            if each.get("object") == "refund" and each.get("status") != "failed":
                back[each["payment_intent"]] += each["amount"]
                refund_ids[(each.get("metadata") or {}).get("refund_id", each["id"])] += 1
        payments = self._rows("SELECT id, match_id, intent_id, status, amount FROM payments")
        by_intent = {row.intent_id: row for row in payments if row.intent_id is not None}
        unlocked = {_id(row.match_id) for row in self._rows("SELECT match_id FROM unlocks")}
        verdict = self._verdict
        self._add(verdict.lost, "captured payment", set(captured) - set(by_intent))
        kept: Counter[str] = Counter()
        useless = set()
        for intent, each in captured.items():
            if back[intent] >= each["amount"] or intent not in by_intent:
                continue
            match = _id(by_intent[intent].match_id)
            kept[match] += 1
            if match not in unlocked:
                useless.add(intent)
        self._add(
            verdict.doubled, "lead that was charged twice", (m for m, n in kept.items() if n > 1)
        )
        self._add(verdict.lost, "lead that was paid, and neither unlocked nor refunded", useless)
        over = {i for i, each in captured.items() if back[i] > each["amount"]}
        self._add(verdict.doubled, "payment refunded beyond its amount", over)
        self._add(verdict.doubled, "refund sent twice", (i for i, n in refund_ids.items() if n > 1))
        going_back = {
            _id(row.payment_id)
            for row in self._rows("SELECT payment_id FROM refunds WHERE status <> 'failed'")
        }
        unrefunded = self._journal.acknowledged("refund") - going_back
        self._add(verdict.lost, "refund that was promised", unrefunded)
        contacts = self._journal.acknowledged("contact")
        self._add(verdict.lost, "contact that was shown", contacts - unlocked)
        for_nothing = unlocked - {_id(row.match_id) for row in payments if row.status in _PAID}
        self._add(verdict.broken, "contact unlocked without a payment", for_nothing)
        verdict.figures |= {"payments captured": len(captured), "contacts unlocked": len(unlocked)}


_PAID: Final = {"succeeded", "partially_refunded", "refunded"}
