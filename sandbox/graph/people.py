"""The people at the other end: who they are, and how the platform names them.

A person always has a business-scoped user id (two letters, a dot, up to 128 letters and digits);
one who took a username may have no phone that the business sees.
"""

import hashlib
import re
import sqlite3
from dataclasses import dataclass

from sandbox.problem import Problem
from sandbox.store import Store

USER_ID = re.compile(r"[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128}")
#: The profile name of somebody who was given none; never the number, which is nobody's name.
UNNAMED = "Guest"
#: Calling codes of the places people test with; any other gets the letters of "somewhere".
_COUNTRIES = {"91": "IN", "1": "US", "44": "GB", "49": "DE", "81": "JP", "55": "BR", "971": "AE"}


@dataclass(frozen=True, slots=True)
class Person:
    """One row of people. `phone` is digits only, or None; `last_inbound_at` is sandbox time."""

    id: int
    phone: str | None
    user_id: str
    name: str
    blocked: bool
    last_inbound_at: float | None
    pair_free_at: float

    @property
    def shown(self) -> str:
        """The number with a plus, or the user id of a person without one."""
        return f"+{self.phone}" if self.phone else self.user_id


def _person(row: sqlite3.Row) -> Person:
    return Person(
        row["id"],
        row["phone"],
        row["user_id"],
        row["name"],
        bool(row["blocked"]),
        row["last_inbound_at"],
        row["pair_free_at"],
    )


def digits_of(phone: str) -> str:
    """The digits of a phone number, as the platform's `wa_id`; "" where there are none."""
    return re.sub(r"[^0-9]", "", phone) if re.fullmatch(r"\+?[0-9 ().-]+", phone.strip()) else ""


def wa_id_of(digits: str) -> str:
    """The form under which the platform knows a number: where a country's mobiles have two, one of them."""
    if found := re.fullmatch(r"55([0-9]{2})9([6-9][0-9]{7})", digits):
        return f"55{found[1]}{found[2]}"
    if found := re.fullmatch(r"52([0-9]{10})", digits):
        return f"521{found[1]}"
    if found := re.fullmatch(r"54([0-9]{10})", digits):
        return f"549{found[1]}"
    return digits


def user_id_of(phone: str) -> str:
    """The business-scoped id of a number: always the same, and not to be computed back."""
    country = next((c for code, c in _COUNTRIES.items() if phone.startswith(code)), "ZZ")
    number = int.from_bytes(hashlib.sha256(phone.encode()).digest()[:8], "big")
    return f"{country}.{number:020d}"


def find(store: Store, who: str) -> Person | None:
    """The person with that phone (with or without "+") or user id, or None."""
    who = who.strip()
    column, value = (
        ("user_id", who) if USER_ID.fullmatch(who) else ("phone", wa_id_of(digits_of(who)))
    )
    row = store.db.execute(f"SELECT * FROM people WHERE {column} = ?", (value,)).fetchone()
    return None if row is None else _person(row)


def by_id(store: Store, person_id: int) -> Person:
    """The person of a stored message."""
    row = store.db.execute("SELECT * FROM people WHERE id = ?", (person_id,)).fetchone()
    return _person(row)


def with_phone(store: Store, phone: str) -> Person:
    """The person with that number (digits), made if new: everybody is on WhatsApp here."""
    phone = wa_id_of(phone)
    row = store.db.execute("SELECT * FROM people WHERE phone = ?", (phone,)).fetchone()
    if row is not None:
        return _person(row)
    with store.write() as db:
        db.execute(
            "INSERT INTO people (phone, user_id, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (phone, user_id_of(phone), UNNAMED),
        )
        row = db.execute("SELECT * FROM people WHERE phone = ?", (phone,)).fetchone()
    return _person(row)


def with_user_id(store: Store, user_id: str) -> Person:
    """The person with that business-scoped id, made without a phone if new."""
    with store.write() as db:
        db.execute(
            "INSERT INTO people (user_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (user_id, UNNAMED),
        )
        row = db.execute("SELECT * FROM people WHERE user_id = ?", (user_id,)).fetchone()
    return _person(row)


def meet(store: Store, phone: str | None, user_id: str | None, name: str | None) -> Person:
    """Who acts in a control call: found by phone, user id or both, made if new, and renamed.

    A known user id that now comes with a phone is given that phone. Raises Problem 422 where
    neither names a person, and where they name two different people.
    """
    phone = (phone or "").strip()
    if USER_ID.fullmatch(phone):
        phone, user_id = "", phone
    if user_id and not USER_ID.fullmatch(user_id):
        raise Problem(
            422,
            "invalid_user_id",
            "A business-scoped user id is two letters, a dot, and up to 128 letters and digits,"
            " e.g. IN.13491208655302741918.",
        )
    digits = wa_id_of(digits_of(phone)) if phone else ""
    if phone and not 7 <= len(digits) <= 15:
        raise Problem(422, "invalid_phone", "`phone` has 7 to 15 digits, e.g. +919812345678.")
    if not digits and not user_id:
        raise Problem(422, "invalid_body", "`phone` or `user_id` says who acts.")
    with store.write() as db:
        if not user_id:
            person = with_phone(store, digits)
        else:
            person = with_user_id(store, user_id)
            if digits and person.phone != digits:
                holder = find(store, digits)
                if holder is not None and holder.user_id == user_id_of(digits):
                    # The number was met before its owner's chosen user id: they are one person.
                    db.execute("DELETE FROM people WHERE id = ?", (person.id,))
                    db.execute("UPDATE people SET user_id = ? WHERE id = ?", (user_id, holder.id))
                    db.execute(
                        "UPDATE messages SET person_id = ? WHERE person_id = ?",
                        (holder.id, person.id),
                    )
                elif holder is not None:
                    raise Problem(422, "two_people", "That number and that user id are two people.")
                else:
                    db.execute("UPDATE people SET phone = ? WHERE id = ?", (digits, person.id))
                person = with_user_id(store, user_id)
        if name:
            db.execute("UPDATE people SET name = ? WHERE id = ?", (name[:100], person.id))
            person = by_id(store, person.id)
    return person
