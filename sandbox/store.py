"""The sandbox's world: one SQLite file that every process shares and a restart keeps.

All state lives here, so that several server processes that mount the sandbox play one world.
Calls are synchronous on purpose: each is a few microseconds, less than handing it to a thread.
`synchronous=OFF`: the file survives a killed process, and a power cut may cost play data only.
"""

import json
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

type Json = dict[str, Any]

SCHEMA_VERSION = 5

SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    person_id INTEGER,
    summary TEXT NOT NULL
);

CREATE TABLE people (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    phone TEXT UNIQUE,
    user_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    blocked INTEGER NOT NULL DEFAULT 0,
    on_page INTEGER NOT NULL DEFAULT 0,
    last_inbound_at REAL,
    pair_free_at REAL NOT NULL DEFAULT 0
);

CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    person_id INTEGER,
    incoming INTEGER NOT NULL,
    at REAL NOT NULL,
    recipient TEXT NOT NULL,
    type TEXT NOT NULL,
    text TEXT NOT NULL,
    buttons TEXT NOT NULL,
    rows TEXT NOT NULL,
    payload TEXT NOT NULL,
    callback_data TEXT,
    pricing TEXT,
    status TEXT NOT NULL
);
CREATE INDEX messages_of_person ON messages (person_id, seq);
CREATE INDEX messages_accepted ON messages (at) WHERE incoming = 0;

CREATE TABLE templates (
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    category TEXT NOT NULL,
    components TEXT NOT NULL,
    PRIMARY KEY (name, language)
);

CREATE TABLE flows (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    categories TEXT NOT NULL,
    layout TEXT NOT NULL
);

CREATE TABLE media (
    id TEXT PRIMARY KEY,
    mime_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    content BLOB NOT NULL,
    at REAL NOT NULL
);

CREATE TABLE faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    moment TEXT NOT NULL,
    kind TEXT NOT NULL,
    remaining INTEGER NOT NULL,
    code TEXT,
    seconds REAL
);

CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    item TEXT NOT NULL,
    ref TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    created_at REAL NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    flaw TEXT,
    last_error TEXT
);
CREATE INDEX webhooks_due ON webhooks (service, due_at) WHERE state = 'waiting';
CREATE INDEX webhooks_of ON webhooks (ref);

CREATE TABLE stripe_objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    object TEXT NOT NULL,
    created INTEGER NOT NULL,
    customer TEXT,
    payment_intent TEXT,
    open_until REAL,
    body TEXT NOT NULL
);
CREATE INDEX stripe_objects_by_kind ON stripe_objects (object, seq);
CREATE INDEX stripe_objects_by_day ON stripe_objects (object, created);
CREATE INDEX stripe_objects_by_customer ON stripe_objects (customer, object, seq);
CREATE INDEX stripe_objects_by_intent ON stripe_objects (payment_intent, object, seq);
CREATE INDEX stripe_objects_open ON stripe_objects (open_until) WHERE open_until IS NOT NULL;

CREATE TABLE razorpay_objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    entity TEXT NOT NULL,
    payment_id TEXT,
    reference TEXT,
    created_at INTEGER NOT NULL,
    open_until REAL,
    body TEXT NOT NULL
);
CREATE INDEX razorpay_objects_by_entity ON razorpay_objects (entity, created_at, seq);
CREATE INDEX razorpay_objects_of_payment ON razorpay_objects (payment_id, entity, seq);
CREATE UNIQUE INDEX razorpay_links_by_reference ON razorpay_objects (reference) WHERE reference IS NOT NULL;
CREATE INDEX razorpay_objects_open ON razorpay_objects (open_until) WHERE open_until IS NOT NULL;

CREATE TABLE answers (
    service TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (service, key)
) WITHOUT ROWID;
"""

TABLES = (
    "journal",
    "people",
    "messages",
    "media",
    "faults",
    "webhooks",
    "stripe_objects",
    "razorpay_objects",
    "answers",
    "settings",
)


class Store:
    """The one connection of this process to the world, and its transactions."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened until first used, so that a forked worker opens its own."""
        self._path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        self._depth = 0

    @property
    def db(self) -> sqlite3.Connection:
        """The connection, for reads. Writes go through `write()`."""
        if self._connection is None or self._pid != os.getpid():
            with self._lock:
                if self._connection is None or self._pid != os.getpid():
                    self._connection = _open(self._path)
                    self._pid = os.getpid()
        return self._connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction; nested uses join the outer one. An exception undoes all of it."""
        with self._lock:
            db = self.db
            if self._depth:
                yield db
                return
            db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            else:
                db.execute("COMMIT")
            finally:
                self._depth = 0

    def close(self) -> None:
        """Close this process's connection; the next use opens a new one."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def reset(self) -> None:
        """Begin the world anew: everything but message templates and Flows goes."""
        with self.write() as db:
            for table in TABLES:
                db.execute(f"DELETE FROM {table}")

    def setting(self, name: str, default: str) -> str:
        """A stored setting shared by all processes, e.g. the clock's advance."""
        row = self.db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return default if row is None else str(row["value"])

    def set_setting(self, name: str, value: str) -> None:
        """Store a setting for all processes."""
        with self.write() as db:
            db.execute(
                "INSERT INTO settings VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )

    def note(self, kind: str, summary: str, *, person_id: int | None = None) -> None:
        """Write a line of the journal: something happened that a person may want to see."""
        with self.write() as db:
            db.execute(
                "INSERT INTO journal (at, kind, person_id, summary) VALUES (?, ?, ?, ?)",
                (time.time(), kind, person_id, readable(summary[:500])),
            )


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA busy_timeout = 10000")
    _use_wal(db)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN IMMEDIATE")
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA_VERSION:
            # Play data of another version of the sandbox: nobody migrates a toy, it starts anew.
            for row in db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall():
                db.execute(f'DROP TABLE "{row["name"]}"')
            for statement in SCHEMA.split(";"):
                if statement.strip():
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
    return db


def _use_wal(db: sqlite3.Connection) -> None:
    # Changing the journal mode does not wait for the busy timeout: processes that start together
    # would fail on it.
    for attempt in range(50):
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if attempt == 49:
                raise
            time.sleep(0.02)


#: Made once: `json.dumps` makes a new one each time it is given options. ASCII, because half a
#: character (a lone surrogate) is legal JSON and no legal text of a database.
_ENCODER = json.JSONEncoder(separators=(",", ":"))


def dumps(value: Any) -> str:
    """JSON for storage."""
    return _ENCODER.encode(value)


def loads(text: str) -> Any:
    """The reverse of `dumps`."""
    return json.loads(text)


def read_json(raw: bytes) -> Any:
    """JSON from outside; NaN, infinities and numbers beyond them are no JSON here.

    Raises ValueError.
    """
    try:
        return json.loads(raw, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def readable(text: str) -> str:
    """Text that a database can keep: half characters become question marks."""
    return text.encode("utf-8", "replace").decode()


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError("a number too large")
    return value
