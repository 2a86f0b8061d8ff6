"""A running Partimer and the world around it, as a test plays it.

The application runs on a real port with the sandbox beside it; tests speak HTTP to both. Time is the
test's: it stands still until `advance`, and background work happens when `settle` says so.
"""

import asyncio
import datetime as dt
import itertools
import shutil
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import uvicorn
import uvloop
from pydantic import SecretStr
from sqlalchemy import event, update

from app import background
from app.core.settings import Settings
from app.identity.models import User
from app.identity.rules import AdminRole
from app.main import create_app
from app.runtime import Runtime
from app.workers.models import Worker
from tests.infra import documented as documents
from tests.infra.prompt_server import PromptServer
from tests.support.assertions import ok
from tests.support.factories import Tokens, register_employer, register_worker, sign_in_admin
from tests.support.world_start import GivenSettings, seeded_journal

START = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
"""A Monday, 11:30 in India."""


BANDRA = {"latitude": 19.0596, "longitude": 72.8295}


BANDRA_ON_GRID = {"latitude": 19.06, "longitude": 72.83}
"""What is kept of a worker who lives there."""


PASSWORD = "correct horse battery staple"


EVERY_DAY = tuple("monday tuesday wednesday thursday friday saturday sunday".split())


RARELY = 300
"""Loops that let pass so many seconds by themselves are not looked at in between."""


WEBHOOK_SECONDS = 30
"""How long the sandbox may take to deliver a webhook, on a busy machine."""


_phones = itertools.count(9_800_000_001)


_numbers = itertools.count(1)


class TestClock:
    """The instant the application believes it is; only a test moves it."""

    __test__ = False

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        """Return the instant."""
        return self.now

    def advance(self, **units: float) -> None:
        """Move time forward, as `datetime.timedelta` counts."""
        self.now += dt.timedelta(**units)


@dataclass
class Person:
    """Somebody signed in: requests carry their token."""

    world: "World"
    id: str
    token: str
    refresh_token: str
    phone: str | None = None
    email: str | None = None

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request as this person."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.world.http.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Send a GET as this person."""
        return self.request("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        """Send a POST as this person."""
        return self.request("POST", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        """Send a PUT as this person."""
        return self.request("PUT", path, json=json, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        """Send a DELETE as this person."""
        return self.request("DELETE", path, **options)


@dataclass
class World:
    """The application, its database, and the people outside."""

    url: str
    settings: Settings
    clock: TestClock
    runtime: Runtime
    loop: asyncio.AbstractEventLoop
    http: httpx.Client
    database_url: str
    woken: dict[str, asyncio.Event]
    """For each background loop, whether a commit made work for it."""
    unread: bool = False
    """Whether nothing is sent before somebody reads it: for tests of what no message says."""
    looked_at: dt.datetime | None = START
    """The instant at which all background work was last looked for: in an empty database there was none."""
    rarely: dict[str, dt.datetime] = field(default_factory=dict)
    """When each of the loops that look only now and then last did."""
    settling: threading.Lock = field(default_factory=threading.Lock)
    extra: dict[str, Any] = field(default_factory=dict)

    def run[Result](self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine in the application's own event loop."""
        self.looked_at = None  # a test may write what wakes no loop
        return self.run_verbs(work)

    def run_verbs[Result](self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run what wakes by its commits every loop that it makes work for, as in production."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def settle(self) -> None:
        """Let all background work happen that is due, here and in the sandbox."""
        with self.settling:
            for _ in range(100):
                self.run_verbs(self._work())
                # One may have arrived after the loops were done and before we looked for any.
                if not self._webhooks_arrive() and not self._awake():
                    return
        raise AssertionError("the background work never came to rest")

    async def _work(self) -> None:
        """Run the loops that have work until none has.

        All are looked at when time has moved, those that look rarely when as much has passed as they
        let pass. Otherwise, as in production, a loop does what a commit woke it for: looking at all
        of them after every step costs more than most steps.
        """
        if self.looked_at != self.clock.now:
            self.looked_at = self.clock.now
            for loop in self._looking():
                await self._emptied(loop)
        while woken := self._awake():
            for loop in woken:
                await self._emptied(loop)

    def _awake(self) -> list[background.Loop]:
        """Return the loops that a commit woke."""
        return [loop for loop in self._running() if self.woken[loop.name].is_set()]

    def _running(self) -> list[background.Loop]:
        return [loop for loop in background.LOOPS if loop.name != "outbox" or not self.unread]

    async def _emptied(self, loop: background.Loop) -> None:
        """Let a loop work until a round leaves room, as in production."""
        self.woken[loop.name].clear()
        while await loop.round(self.runtime) >= loop.batch:
            pass

    def _looking(self) -> list[background.Loop]:
        """Return the loops whose turn it is."""
        turn = []
        for loop in self._running():
            pause = dt.timedelta(seconds=loop.poll_seconds if loop.poll_seconds >= RARELY else 0)
            last = self.rarely.get(loop.name, START)
            # A clock that was turned back keeps no loop waiting: a process counts its own seconds.
            if self.clock.now >= last + pause or self.clock.now < last:
                self.rarely[loop.name] = self.clock.now
                turn.append(loop)
        return turn

    def _webhooks_arrive(self) -> bool:
        """Wait until each of the sandbox's webhooks was delivered once; whether there were any.

        It delivers over real HTTP, in its own time: nothing here is done meanwhile.
        """
        query = "SELECT 1 FROM webhooks WHERE state = 'waiting' AND attempts = 0 LIMIT 1"
        deadline = time.monotonic() + WEBHOOK_SECONDS
        waited = False
        with closing(sqlite3.connect(self.settings.sandbox_journal)) as journal:
            while journal.execute(query).fetchone():
                assert time.monotonic() < deadline, "the sandbox's webhooks do not arrive"
                waited = True
                time.sleep(0.005)
        return waited

    async def _in_session(self, verb: Any) -> Any:
        async with self.runtime.database.begin() as session:
            event.listen(session.sync_session, "do_orm_execute", self._note)
            event.listen(session.sync_session, "after_flush", self._note)
            return await verb(session)

    def _note(self, run: Any, *_: Any) -> None:
        """Look at every loop again after what is no SELECT: a test may write what wakes none."""
        if not getattr(run, "is_select", False):
            self.looked_at = None

    def in_session(self, verb: Any) -> Any:
        """Run `await verb(session)` in a committed transaction of the application's database."""
        return self.run_verbs(self._in_session(verb))

    # --- WhatsApp ---------------------------------------------------------------------------

    def messages(self, phone: str) -> list[dict[str, Any]]:
        """Return what this person received on WhatsApp, oldest first."""
        before, self.unread = self.unread, False
        try:
            self.settle()
        finally:
            self.unread = before
        answer = self.http.get("/sandbox/whatsapp/_control/messages", params={"phone": phone})
        items: list[dict[str, Any]] = ok(answer)["items"]
        return items

    def says(self, phone: str, message: dict[str, Any] | str, **more: Any) -> None:
        """Let this person send a WhatsApp message, and let it be handled."""
        body = {"type": "text", "text": message} if isinstance(message, str) else message
        answer = self.http.post(
            "/sandbox/whatsapp/_control/inbound", json={"phone": phone, "message": body, **more}
        )
        ok(answer)
        self.settle()

    def taps(self, phone: str, button: str, **more: Any) -> None:
        """Let this person tap a button, by its id."""
        self.says(phone, {"type": "button_reply", "id": button}, **more)

    def code_for(self, phone: str) -> str:
        """Return the newest sign-in code this phone received."""
        for message in reversed(self.messages(phone)):
            digits = "".join(c if c.isdigit() else " " for c in message["text"]).split()
            codes = [word for word in digits if len(word) == 6]
            if codes:
                return codes[0]
        raise AssertionError("no code was sent")

    # --- people -----------------------------------------------------------------------------

    def worker(self, *, slots: Any = EVERY_DAY, **profile: Any) -> Person:
        """Let there be a worker, proven and with a week, made by the verbs: no request, no code is sent."""
        body = _worker_body(profile)
        tokens = self.run_verbs(register_worker(self.runtime, body, _week(slots)))
        return self._newcomer(tokens, phone=body["phone"])

    def worker_through_doors(self, *, slots: Any = EVERY_DAY, **profile: Any) -> Person:
        """Let there be the same worker by requests: register, the code that is sent, sign in, the week.

        Slower; for what registering itself leaves behind, the consent's channel or the code's message.
        """
        body = _worker_body(profile)
        ok(self.http.post("/api/auth/register/worker", json=body), 202)
        person = self.sign_in_worker(body["phone"])
        if week := _week(slots):
            ok(person.put("/api/workers/availability", {"slots": week}))
        return person

    def sign_in_worker(self, phone: str) -> Person:
        """Sign in with the newest code this phone received."""
        body = {"role": "worker", "phone": phone, "code": self.code_for(phone)}
        answer = ok(self.http.post("/api/auth/login", json=body))
        return self._person(answer, phone=phone)

    def employer(self, *, verified: bool = False, **profile: Any) -> Person:
        """Let there be an employer, signed in, made by the verbs: no request, and no link is mailed.

        So the address is not confirmed, and nothing waits in its mailbox.
        """
        body = _company_body(profile)
        tokens = self.run_verbs(register_employer(self.runtime, body, verified=verified))
        return self._newcomer(tokens, email=body["email"])

    def employer_through_doors(self, *, verified: bool = False, **profile: Any) -> Person:
        """Let there be the same employer by requests: register, sign in; the link to confirm is mailed.

        It is not opened: the address is not confirmed here either.
        """
        body = _company_body(profile)
        ok(self.http.post("/api/auth/register/employer", json=body), 201)
        person = self.sign_in(body["email"], role="employer")
        if verified:
            seen = {"action": "verify", "reason": "papers seen"}
            ok(self.admin().post(f"/api/admin/employers/{person.id}/action", seen))
        return person

    def admin(self, role: AdminRole = AdminRole.OWNER) -> Person:
        """Return the administrator of this role (the owner), signed in anew."""
        email = "admin@example.com" if role is AdminRole.OWNER else f"{role}@example.com"
        tokens = self.run_verbs(sign_in_admin(self.runtime, email, PASSWORD, role))
        return self._newcomer(tokens, email=email)

    def _newcomer(self, tokens: Tokens, **known: Any) -> Person:
        return Person(self, tokens.user_id, tokens.access, tokens.refresh, **known)

    def sign_in(self, email: str, *, role: str, password: str = PASSWORD) -> Person:
        """Sign in with e-mail and password."""
        body = {"role": role, "email": email, "password": password}
        return self._person(ok(self.http.post("/api/auth/login", json=body)), email=email)

    def _person(self, answer: dict[str, Any], **known: Any) -> Person:
        return Person(
            self, answer["user"]["id"], answer["access_token"], answer["refresh_token"], **known
        )

    def kept_before(self, worker: Person, **columns: Any) -> None:
        """Let a worker's row hold what no door takes any more: a name of signs, a city of free text."""
        name = {"name": columns.pop("name")} if "name" in columns else {}

        async def write(session: Any) -> None:
            who = UUID(worker.id)
            for table, values in ((User, name), (Worker, columns)):
                if values:
                    await session.execute(update(table).where(table.id == who).values(**values))

        self.in_session(write)

    # --- jobs and leads ---------------------------------------------------------------------

    def job_body(self, **changes: Any) -> dict[str, Any]:
        """Return a job that the default worker fits: a waiter in Bandra, Saturdays from the 28th."""
        body = {
            "title": "Waiter for Saturday brunch",
            "description": "Serve guests at a busy cafe.",
            "category": "hospitality",
            "location": BANDRA,
            "city": "Mumbai",
            "address": "1 Hill Road",
            "starts_on": "2026-11-28",
            "ends_on": "2026-12-26",
            "time_zone": "Asia/Kolkata",
            "slots": [{"weekday": "saturday", "start": "10:00", "end": "18:00"}],
            "positions": 1,
            "required_skills": ["waiter"],
            "salary": {"amount": 15_000, "currency": "INR", "per": "hour"},
        }
        return {name: value for name, value in (body | changes).items() if value is not ...}

    def job(self, employer: Person, *, publish: bool = True, **changes: Any) -> dict[str, Any]:
        """Create a job of this employer, published unless told otherwise."""
        made: dict[str, Any] = ok(
            employer.post("/api/employers/jobs", self.job_body(**changes)), 201
        )
        if publish:
            made = ok(employer.post(f"/api/employers/jobs/{made['id']}/publish"))
        return made

    def offers(self, worker: Person, **params: Any) -> list[dict[str, Any]]:
        """Return this worker's offers, newest first."""
        items: list[dict[str, Any]] = ok(worker.get("/api/workers/offers", params=params))["items"]
        return items

    def matches(self, employer: Person, job_id: str, **params: Any) -> list[dict[str, Any]]:
        """Return this job's matches, best first."""
        answer = employer.get(f"/api/employers/jobs/{job_id}/matches", params=params)
        items: list[dict[str, Any]] = ok(answer)["items"]
        return items

    def accept(self, worker: Person, offer_id: str) -> dict[str, Any]:
        """Let this worker accept."""
        answer = worker.post(f"/api/workers/offers/{offer_id}/respond", {"response": "accept"})
        offer: dict[str, Any] = ok(answer)
        return offer

    def pay(self, checkout_url: str, outcome: str = "pay") -> None:
        """Let the employer finish the payment page, and let the news arrive."""
        page_id = checkout_url.rstrip("/").rsplit("/", 1)[-1]
        at_razorpay = page_id.startswith("plink_")
        control = "razorpay/_control/payment_links" if at_razorpay else "stripe/_control/checkout"
        ok(self.http.post(f"/sandbox/{control}/{page_id}", json={"outcome": outcome}))
        self.settle()


def _worker_body(profile: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "Asha Kulkarni",
        "phone": f"+91{next(_phones)}",
        "consent": True,
        "location": BANDRA,
        "skills": ["waiter"],
        "experience_years": 2,
        "max_distance_km": 10,
        **profile,
    }


def _company_body(profile: dict[str, Any]) -> dict[str, Any]:
    number = next(_numbers)
    return {
        "company_name": f"Cafe Leopold {number}",
        "contact_name": "Rustom Irani",
        "email": f"owner{number}@example.com",
        "password": PASSWORD,
        "city": "Mumbai",
        **profile,
    }


def _week(slots: Any) -> list[dict[str, str]]:
    hours = {"start": "08:00", "end": "20:00"}
    return [hours | {"weekday": slot} if isinstance(slot, str) else slot for slot in slots]


@contextmanager
def running_world(database_url: str, folder: Path, **settings: Any) -> Iterator[World]:
    """Serve the application with the sandbox on a free port, its loops stopped, its clock ours.

    `{port}` in the language model's address is that port.
    """
    # TCP by name: only then is Nagle off, and 40 ms are not waited in every answer to a POST.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        clock = TestClock()
        values: dict[str, Any] = {
            "environment": "test",
            "database_url": SecretStr(database_url),
            "rate_limits": "off",
            # The clock stands still: nobody's text would be read before it is moved on.
            "text_bursts": "off",
            "log_level": "error",
            "port": port,
            "public_url": f"http://127.0.0.1:{port}",
            "sandbox_journal": folder / "sandbox.db",
            **settings,
        }
        if "interpreter_url" in values:
            values["interpreter_url"] = values["interpreter_url"].replace("{port}", str(port))
        made = GivenSettings(_env_file=None, **values)
        if not made.sandbox_journal.exists():
            shutil.copyfile(seeded_journal(), made.sandbox_journal)
        application = create_app(made, clock, loops=False)
        config = uvicorn.Config(application, log_config=None, access_log=False, lifespan="on")
        server = PromptServer(config)
        loop = uvloop.new_event_loop()  # as the server runs in production
        thread = threading.Thread(
            target=lambda: loop.run_until_complete(server.serve(sockets=[listener])), daemon=True
        )
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the application did not start"
            time.sleep(0.005)
        url = f"http://127.0.0.1:{port}"
        runtime = application.state.runtime
        events = AsyncExitStack()
        try:
            woken = asyncio.run_coroutine_threadsafe(_wakeups(runtime, events), loop).result(60)
            documented = partial(documents.check, build=_document)
            hooks: dict[str, list[Callable[..., Any]]] = {"response": [documented]}
            with httpx.Client(base_url=url, timeout=30, event_hooks=hooks) as http:
                yield World(url, made, clock, runtime, loop, http, database_url, woken)
        finally:
            server.end()
            thread.join(15)
            loop.close()


@cache
def _document() -> dict[str, Any]:
    """Return the API document, the same for all worlds of a process."""
    return create_app(
        Settings(_env_file=None, environment="test", log_level="error"), loops=False
    ).openapi()


async def _wakeups(runtime: Runtime, until: AsyncExitStack) -> dict[str, asyncio.Event]:
    return {
        loop.name: await until.enter_async_context(runtime.database.wakeups.event(loop.name))
        for loop in background.LOOPS
    }
