"""One campaign from its start to its verdict."""

import asyncio
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx

from app.core.crypto import Keyring
from app.core.settings import DEVELOPMENT_SECRET
from app.database.engines import sync_engine_for
from app.database.session import Database
from app.invariants import examine
from app.texts import catalogue
from campaign import people
from campaign.databases import CampaignDatabase, SqliteFile, open_database
from campaign.faults import Trouble
from campaign.journal import Journal
from campaign.processes import READY_SECONDS, Process, ProcessFailedError
from campaign.settling import Settling
from campaign.town import Town
from campaign.verdict import Judge
from tests.infra.forked import Forked
from tests.infra.live import running
from tests.infra.run import ROOT, free_port, wait_until
from tests.infra.valkey import valkey_answers, valkey_command

START_SECONDS: Final = 5.0
"""A process that was killed serves again within this, as long as its database is there."""

AT_THE_END: Final = "at the end"
_OBSERVE_SECONDS: Final = 0.3
_REPORT_SECONDS: Final = 30.0
_INVARIANTS_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Options:
    """How a campaign is run. Nothing here changes what has to hold."""

    database: str
    """`sqlite` or `postgresql`."""
    seed: int = 1
    seconds: float = 60.0
    """How long faults are played; settling comes on top."""
    cache: bool = False
    """Whether sessions and limits are in Valkey."""
    workers: int = 12
    employers: int = 3
    pause_seconds: float = 5.0
    """The longest pause between one fault and the next."""
    start_seconds: float = START_SECONDS
    folder: Path | None = None
    """Where logs, journal and orders are kept; None: a temporary folder, removed when all is well."""
    forked: bool = False
    """Whether processes start without their imports; what a start takes is not measured then."""
    quiet: bool = False
    """Whether to print no progress."""


@dataclass
class Report:
    """What happened, and what is wrong."""

    options: dict[str, Any]
    problems: dict[str, list[str]] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether everything does."""
        return not self.problems


class Campaign:
    """The parts of one campaign while it runs."""

    def __init__(self, options: Options, folder: Path, database: CampaignDatabase) -> None:
        self.options, self.folder, self.database = options, folder, database
        self.luck = random.Random(options.seed)
        self.known_at: dict[str, float] = {}
        self.invariants: list[str] = []
        self._floor = 0
        self.product_port, self.sandbox_port = free_port(), free_port()
        self.sandbox_file = folder / "sandbox" / "sandbox.db"
        self.cache_url: str | None = None

    @property
    def product_url(self) -> str:
        """Where the product is."""
        return f"http://127.0.0.1:{self.product_port}"

    @property
    def sandbox_url(self) -> str:
        """Where the sandbox is."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    def env(self) -> dict[str, str]:
        """Return the product's settings."""
        found = {
            "ENVIRONMENT": "development",
            "DATABASE_URL": self.database.url,
            "PORT": str(self.product_port),
            "PUBLIC_URL": self.product_url,
            "SANDBOX": "off",
            "WHATSAPP_API_URL": f"{self.sandbox_url}/sandbox/whatsapp",
            "STRIPE_API_URL": f"{self.sandbox_url}/sandbox/stripe",
            "WHATSAPP_MESSAGES_PER_SECOND": "1000",
            "RATE_LIMITS": "off",
            "LOG_LEVEL": "warning",
            "ADMIN_PASSWORD": people.PASSWORD,
        }
        return found | ({"REDIS_URL": self.cache_url} if self.cache_url else {})

    def processes(self) -> list[Process]:
        """Return the product's processes, not yet started.

        On PostgreSQL the loops run in worker processes only; on SQLite in the server, too.
        """
        loops = "on" if self.database.kind == "sqlite" else "off"
        env = self.env()

        def process(name: str, what: str, health_url: str | None) -> Process:
            more = {"BACKGROUND_LOOPS": loops} if what == "serve" else {}
            return Process(
                name,
                what,
                env | more,
                self.folder,
                health_url,
                self.database,
                forked=self.options.forked,
            )

        workers = ("worker-1",) if self.database.kind == "sqlite" else ("worker-1", "worker-2")
        server = process("server", "serve", f"{self.product_url}/health")
        return [server, *(process(name, "worker", None) for name in workers)]

    def command(self, *arguments: str) -> None:
        """Run one of the product's commands. Raises `RuntimeError` with what it said if that failed."""
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.env()}
        log = self.folder / f"{arguments[0]}.log"
        if self.options.forked:
            code = Forked("app", arguments, env, self.folder, log).wait()
        else:
            with log.open("wb") as output:
                code = subprocess.run(
                    [sys.executable, "-m", "app", *arguments],
                    cwd=self.folder,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    check=False,
                ).returncode
        if code != 0:
            raise RuntimeError(f"{arguments[0]}: {log.read_text(errors='replace')[-3_000:]}")

    async def look_at_invariants(self, when: str) -> None:
        """Look whether everything holds that must, as `python -m app check --invariants` does."""
        database = Database(self.database.url, Keyring(DEVELOPMENT_SECRET))
        try:
            found = await examine(database)
        except Exception as error:  # noqa: BLE001 - see below
            # Meanwhile the database may be broken on purpose.
            if when == AT_THE_END:
                self.invariants.append(f"{when}: {type(error).__name__}: {error}")
            return
        finally:
            await database.close()
        self.invariants += [
            f"{when}: {each.broken} of {each.about}: {each.says}" for each in found if each.broken
        ]

    # ── Beside the faults ────────────────────────────────────────────────────────────────────────

    async def observe(self) -> None:
        """Note when a good status of each message had been acknowledged."""
        while True:
            await asyncio.sleep(_OBSERVE_SECONDS)
            self.observe_once()

    def observe_once(self) -> None:
        """Note which messages are known of now and were not."""
        with closing(sqlite3.connect(self.sandbox_file)) as sandbox:
            waiting = sandbox.execute("SELECT MIN(id) FROM webhooks WHERE state = 'waiting'")
            (first_waiting,) = waiting.fetchone()
            rows = sandbox.execute(
                "SELECT webhooks.id, messages.callback_data FROM webhooks JOIN messages"
                " ON messages.id = webhooks.ref WHERE webhooks.id > ? AND messages.incoming = 0"
                " AND webhooks.state = 'delivered' AND messages.status != 'failed'"
                " AND messages.callback_data NOT NULL",
                (self._floor,),
            ).fetchall()
        now = time.time()
        for _, callback in rows:
            self.known_at.setdefault(str(UUID(callback)), now)
        newest = max((id_ for id_, _ in rows), default=self._floor)
        self._floor = newest if first_waiting is None else min(newest, first_waiting - 1)

    async def look_now_and_then(self) -> None:
        """Look at the invariants while everything goes on."""
        while True:
            await asyncio.sleep(_INVARIANTS_SECONDS)
            if self.database.up:
                await self.look_at_invariants("meanwhile")

    async def tell(self, town: Town, trouble: Trouble, processes: list[Process]) -> None:
        """Print how it goes."""
        begun = time.monotonic()
        while True:
            await asyncio.sleep(_REPORT_SECONDS)
            kills = sum(process.kills for process in processes)
            print(
                f"{time.monotonic() - begun:6.0f} s  {town.requests} requests,"
                f" {len(town.journal.entries)} writes, {kills} kills,"
                f" {sum(trouble.played.values())} faults",
                flush=True,
            )


async def run(options: Options) -> Report:
    """Run a campaign and return its report."""
    kept = options.folder or Path(tempfile.mkdtemp(prefix="partimer-campaign-"))
    kept.mkdir(parents=True, exist_ok=True)
    kept.chmod(0o755)
    async with open_database(options.database, kept) as database:
        campaign = Campaign(options, kept, database)
        with (
            running_cache(campaign),
            running_sandbox(campaign),
            Journal(kept / "acknowledged.jsonl") as journal,
        ):
            report = await _run(campaign, journal)
            if not report.holds and isinstance(database, SqliteFile):
                database.keep(kept)
    if options.folder is None and report.holds:
        shutil.rmtree(kept, ignore_errors=True)
    return report


@contextmanager
def running_cache(campaign: Campaign) -> Iterator[None]:
    """Run a cache of the campaign's own while the block runs, if one is wanted."""
    if not campaign.options.cache:
        yield
        return
    folder = campaign.folder / "cache"
    folder.mkdir()
    port = free_port()
    with running(valkey_command(port), folder, {}):
        wait_until(lambda: valkey_answers(port), "the cache answers")
        campaign.cache_url = f"redis://127.0.0.1:{port}/0"
        yield


@contextmanager
def running_sandbox(campaign: Campaign) -> Iterator[None]:
    """Run the sandbox while the block runs."""
    folder = campaign.sandbox_file.parent
    folder.mkdir()
    port = campaign.sandbox_port
    command = [sys.executable, "-m", "campaign.outside", str(port), campaign.product_url]
    with running(command, folder, {}) as process:
        wait_until(
            lambda: process.poll() is not None or _answers(f"{campaign.sandbox_url}/sandbox/"),
            "the sandbox answers",
        )
        yield


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code < 500
    except httpx.TransportError:
        return False


async def _run(campaign: Campaign, journal: Journal) -> Report:
    options = campaign.options
    town = Town(campaign.product_url, campaign.sandbox_url, journal, campaign.luck)
    processes = campaign.processes()
    keeping = [asyncio.create_task(process.keep()) for process in processes]
    engine = sync_engine_for(campaign.database.url)
    trouble = Trouble(
        town,
        campaign.database,
        processes,
        campaign.cache_url,
        campaign.sandbox_file,
        random.Random(options.seed + 1),
    )
    try:
        await asyncio.gather(_create_admin(campaign), _first_start(processes))
        begun = time.monotonic()
        async with beside(campaign, town, trouble, processes) as employers:
            await town.busy(options.workers + options.employers)
            playing = asyncio.create_task(trouble.play(options.pause_seconds))
            await asyncio.sleep(options.seconds)
            town.closed.set()
            await playing
        await trouble.end()
        for employer in employers:
            await employer.leave()
        names = sorted({template.name for template in catalogue.templates()})
        await trouble.approve_templates(names)
        settling = Settling(engine, processes, campaign.sandbox_file)
        waiting = await settling.settle()
        campaign.observe_once()
        await campaign.look_at_invariants(AT_THE_END)
        judge = Judge(engine, campaign.sandbox_file, journal, campaign.known_at, trouble.poisoned)
        verdict = judge.judge()
        report = Report(vars(options) | {"folder": str(campaign.folder)}, verdict.problems())
        if waiting:
            report.problems["stuck"] = [f"{n} × {what}" for what, n in waiting.items()]
        if campaign.invariants:
            report.problems["invariants"] = campaign.invariants
        _starts(report, processes, options.start_seconds)
        report.figures |= {
            "seconds": round(time.monotonic() - begun),
            "settled by a clock ahead by minutes": round(settling.ahead_seconds / 60),
            "requests": town.requests,
            "answers with 5xx": town.answered_5xx,
            "slowest answer, seconds": round(town.slowest_seconds, 1),
            "acknowledged writes": sum(
                counts.get("acknowledged", 0) for counts in journal.counts().values()
            ),
            "writes": journal.counts(),
            "faults": dict(sorted(trouble.played.items())),
            "faults that can't be played here": trouble.impossible,
            "poisoned rows": len(trouble.poisoned),
            **verdict.figures,
        }
        return report
    finally:
        for process in processes:
            process.end()
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        await town.close()
        engine.dispose()


async def _create_admin(campaign: Campaign) -> None:
    await asyncio.to_thread(campaign.command, "create-admin", "--email", people.ADMIN_EMAIL)


async def _first_start(processes: list[Process]) -> None:
    """Return once all serve. Raises `ProcessFailedError` with what one said that can't."""
    waiting = asyncio.gather(*(process.ready.wait() for process in processes))
    try:
        await asyncio.wait_for(waiting, READY_SECONDS)
    except TimeoutError:
        said = [each.end_of_log() for each in processes if not each.ready.is_set()]
        raise ProcessFailedError("\n".join(said)) from None


def _starts(report: Report, processes: list[Process], most_seconds: float) -> None:
    restarts = [each for process in processes for each in process.restarts]
    fair = sorted(each.seconds for each in restarts if each.database_up)
    slow = [each for each in restarts if each.database_up and each.seconds > most_seconds]
    if slow:
        report.problems["starts"] = [
            f"{each.name} served again only after {each.seconds:.1f} s" for each in slow
        ]
    for process in processes:
        if process.gave_up_for_nothing:
            report.problems.setdefault("ended", []).append(
                f"{process.name} ended by itself {process.gave_up_for_nothing} times:"
                f" {process.end_of_log()[-600:]}"
            )
    report.figures |= {
        "kills": sum(process.kills for process in processes),
        "ended by themselves while the database was away": sum(
            process.gave_up - process.gave_up_for_nothing for process in processes
        ),
        "restart, seconds": {
            "median": round(fair[len(fair) // 2], 2) if fair else None,
            "longest": round(fair[-1], 2) if fair else None,
        },
    }


@asynccontextmanager
async def beside(
    campaign: Campaign, town: Town, trouble: Trouble, processes: list[Process]
) -> AsyncIterator[list[people.Employer]]:
    """Let people come and go while the block runs, and be watched; give the employers there were."""
    admin = people.Admin(town)
    employers: list[people.Employer] = []

    async def in_turn(those: Iterator[Any], noted: list[Any]) -> None:
        while not town.closed.is_set():
            person = next(those)
            noted.append(person)
            await person.live()

    workers, companies = people.workers(town), people.employers(town, admin)
    acting = [
        *(asyncio.create_task(in_turn(workers, [])) for _ in range(campaign.options.workers)),
        *(
            asyncio.create_task(in_turn(companies, employers))
            for _ in range(campaign.options.employers)
        ),
    ]
    watching = [
        asyncio.create_task(campaign.observe()),
        asyncio.create_task(campaign.look_now_and_then()),
    ]
    if not campaign.options.quiet:
        watching.append(asyncio.create_task(campaign.tell(town, trouble, processes)))
    try:
        yield employers
        await asyncio.gather(*acting)
    finally:
        for task in (*acting, *watching):
            task.cancel()
        await asyncio.gather(*acting, *watching, return_exceptions=True)
