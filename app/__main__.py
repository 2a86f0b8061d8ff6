"""The commands: `python -m app …`."""

import argparse
import asyncio
import datetime as dt
import getpass
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core import gc_tuning, production
from app.core.errors import DomainError, Invalid
from app.core.logging import configure_logging
from app.core.settings import ConfigurationError, Settings, load_settings, read_settings
from app.simulation import cli as simulation

if TYPE_CHECKING:
    from app.core.clocks import Clock
    from app.providers.whatsapp.client import WhatsApp

REINDEX_PAUSE_SECONDS = 0.05
"""Between two steps of `reindex`: others who wait to write, on SQLite above all, come first."""

type Command = Callable[[argparse.Namespace], int | Coroutine[Any, Any, int]]


class CommandError(Exception):
    """A command can't do what was asked; the message is for whoever typed it."""


def _settings() -> Settings:
    from app.providers.wiring import currency_problems

    settings = load_settings()
    if problems := currency_problems(settings):
        raise ConfigurationError(problems)
    configure_logging(json_lines=settings.is_production, level=settings.log_level)
    return settings


def serve(arguments: argparse.Namespace) -> int:
    """Serve the API (and, outside production, the sandbox)."""
    import uvicorn

    settings = _settings()
    port = arguments.port or settings.port
    if not 1 <= port <= 65_535:
        raise CommandError(f"PORT must be between 1 and 65535, not {port}.")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((arguments.host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} can't be used ({error.strerror}): stop what listens there, "
                f"or choose another, such as PORT={port + 1}."
            ) from None
    os.environ["PORT"] = str(port)
    asyncio.run(_check_database(settings))
    uvicorn.run("app.main:app", host=arguments.host, port=port, access_log=False)
    return 0


async def _check_database(settings: Settings) -> None:
    from app.database import schema
    from app.database.session import Database
    from app.runtime import build_keyring

    database = Database(settings.database_url.get_secret_value(), build_keyring(settings))
    try:
        await schema.prepare(
            database,
            migrate=not settings.is_production,
            wait_seconds=settings.database_wait_seconds,
        )
    finally:
        await database.close()


async def work(_arguments: argparse.Namespace) -> int:
    """Run the background loops, until stopped."""
    await _work(_settings())
    return 0


async def _work(settings: Settings, clock: "Clock | None" = None) -> None:
    from app import background
    from app.runtime import running, wall_clock

    gc_tuning.freeze()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with running(settings, clock or wall_clock) as runtime, background.loops(runtime):
        print("Working: messages, offers, waves and payments. Stop with Ctrl-C.", flush=True)
        await stop.wait()


async def check(arguments: argparse.Namespace) -> int:
    """Say whether the configuration, the database and the cache can be used; 1 if not."""
    if arguments.invariants:
        return await _check_invariants(_settings())
    if arguments.deploy:
        os.environ["ENVIRONMENT"] = "production"
    from app.providers.wiring import currency_problems

    problems: list[str] = []
    try:
        settings = read_settings()
    except ConfigurationError as error:
        problems = list(error.problems)
    else:
        problems += [*settings.problems(), *currency_problems(settings)]
        problems += await _unreachable(settings, deploy=arguments.deploy)
        if arguments.deploy:
            problems += [*settings.missing(), *production.advice(settings)]
        if arguments.deploy and (note := production.what_leaves(settings)):
            print(note)
    for problem in problems:
        print(f"- {problem}")
    if not problems:
        print("All good.")
    return 1 if problems else 0


async def _check_invariants(settings: Settings) -> int:
    from app.database.postgresql import COMMAND
    from app.database.session import Database
    from app.invariants import examine
    from app.reporting import parked
    from app.runtime import build_keyring, wall_clock

    database = Database(
        settings.database_url.get_secret_value(), build_keyring(settings), patience=COMMAND
    )
    try:
        await database.ping()
        found = await examine(database)
        async with database.read() as session:
            waits = await parked.count(session, wall_clock())
    finally:
        await database.close()
    for each in found:
        print(f"{'BROKEN' if each.broken else 'ok':6} {each.broken} of {each.about}: {each.says}")
    for kind, count in waits.by_kind().items():
        print(f"parked {count} of kind {kind}: given up, waits for an administrator")
    return 1 if any(each.broken for each in found) else 0


async def _unreachable(settings: Settings, *, deploy: bool) -> list[str]:
    from redis.exceptions import RedisError

    from app.identity.redis_sessions import durability_warnings
    from app.runtime import running

    now = settings.model_copy(update={"database_wait_seconds": 0})
    try:
        async with running(now) as runtime:
            if runtime.redis is not None:
                await runtime.redis.ping()
                if deploy:
                    return await durability_warnings(runtime.redis)
    except DomainError as error:
        return [error.message]
    except (RedisError, OSError):
        return ["REDIS_URL does not answer."]
    return []


async def create_admin(arguments: argparse.Namespace) -> int:
    """Create an administrator, with the password from ADMIN_PASSWORD or asked for."""
    from app.identity import users
    from app.identity.rules import AdminRole
    from app.runtime import running

    settings = _settings()
    email, role = arguments.email, arguments.role
    password = settings.admin_password.get_secret_value() if settings.admin_password else None
    if password is None:
        if not sys.stdin.isatty():
            raise CommandError("Set ADMIN_PASSWORD, or run this where a password can be typed.")
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise CommandError("The two passwords differ.")
    async with running(settings) as runtime, runtime.database.begin() as session:
        await users.create_admin(
            session,
            email,
            arguments.name,
            password,
            now=runtime.clock(),
            admin_role=AdminRole(role),
        )
    print(f"{email} can now sign in as admin ({role}): {settings.base_url}/signin")
    if settings.requires_second_factor:
        print(
            "Next, a second factor: sign in, which leads to setting one up and to nothing else, or run "
            f"python -m app second-factor --email {email}"
        )
    return 0


async def second_factor(arguments: argparse.Namespace) -> int:
    """Ask an administrator for an authenticator code from now on; prints what the app reads, once.

    With --reset, take the factor away from who lost it: the next sign-in leads to setting one up.
    """
    from app import audit
    from app.identity import second_factor, totp, users
    from app.identity.models import Role
    from app.runtime import running

    email, secret = arguments.email, totp.new_secret()
    async with running(_settings()) as runtime, runtime.database.begin() as session:
        admin = await users.find_by_email(session, Role.ADMIN, users.parse_email(email))
        if admin is None:
            raise CommandError(f"There is no administrator {email}: make one with create-admin.")
        now = runtime.clock()
        if arguments.reset:
            await second_factor.remove(session, admin.id, now=now)
            await runtime.sessions.end_all(session, admin.id)
        else:
            await second_factor.set_secret(session, admin.id, secret, now=now)
        action = "admin.reset_second_factor" if arguments.reset else "admin.set_second_factor"
        audit.record(session, action, admin.id, None, now)
    if arguments.reset:
        print(f"{email} has no second factor any more, and is signed out everywhere.")
        return 0
    url = totp.setup_url(secret, email)
    print(
        f"Add this to an authenticator app, as a QR code or by hand; it is not shown again:\n{url}"
    )
    return 0


async def migrate(_arguments: argparse.Namespace) -> int:
    """Bring the database's schema to this version, and seal what older ones kept in clear."""
    from app.database import schema
    from app.database.session import Database
    from app.privacy import sealing
    from app.runtime import build_keyring

    settings = _settings()
    database = Database(settings.database_url.get_secret_value(), build_keyring(settings))
    try:
        await schema.prepare(database, migrate=True, wait_seconds=settings.database_wait_seconds)
        await sealing.seal_all(database)
    finally:
        await database.close()
    print("The schema is up to date.")
    return 0


async def reindex(_arguments: argparse.Namespace) -> int:
    """Check and correct the matching index of every worker, in steps, while the system serves."""
    from app.matching import index
    from app.runtime import running

    async with running(_settings()) as runtime:
        async for done in index.rebuild(runtime.database):
            print(
                f"{done.checked} of {done.total} workers checked, {done.corrected} rows corrected"
            )
            await asyncio.sleep(REINDEX_PAUSE_SECONDS)
    print("The matching index is true.")
    return 0


async def verify_log(arguments: argparse.Namespace) -> int:
    """Verify the keyed hash chain of the audit log, and that it contains exported heads; 1 if not."""
    from app.audit import heads, log
    from app.database.postgresql import COMMAND
    from app.runtime import running

    exported = list(arguments.head)
    for file in arguments.heads:
        lines = Path(file).read_text().splitlines()  # noqa: ASYNC240 - nothing else runs here
        exported += [line for line in lines if line.strip()]
    settings = _settings()
    known = [heads.Head.parse(text) for text in exported]
    async with (
        running(settings, patience=COMMAND) as runtime,
        runtime.database.read() as session,
    ):
        good, bad = await log.verify(session)
        missing = await heads.find_missing(session, known)
    for head in missing:
        print(
            f"The audit log does not contain the exported head {head}: it was cut off or rewritten."
        )
    if bad is not None:
        print(f"The audit log is broken at row {bad}; the {good} rows before it are whole.")
    elif not missing:
        print(f"The audit log is whole: {good} rows.")
    return 0 if bad is None and not missing else 1


async def audit_head(_arguments: argparse.Namespace) -> int:
    """Print the head of the audit log, to be kept elsewhere for `verify-log --head`."""
    from app.audit import heads
    from app.runtime import running

    async with running(_settings()) as runtime, runtime.database.read() as session:
        print(await heads.current(session))
    return 0


def demo(arguments: argparse.Namespace) -> int:
    """Fill the running development server with a city and tell the main job step by step."""
    from app.demo import story

    gc_tuning.freeze()
    return story.play(base_url=arguments.url, as_json=arguments.json, workers=arguments.workers)


async def reconcile(arguments: argparse.Namespace) -> int:
    """Compare a day of the payment providers' books with ours; 0 where nothing differs, else 1."""
    from app import reconciliation

    return await reconciliation.run(_settings(), arguments.day, as_json=arguments.json)


async def templates(arguments: argparse.Namespace) -> int:
    """Register the message templates with WhatsApp, or compare them with what is registered."""
    return await _templates(_settings(), register=arguments.what == "register")


@asynccontextmanager
async def _whatsapp(settings: Settings) -> AsyncIterator["WhatsApp"]:
    """Give the client of WhatsApp; what it refuses becomes a `CommandError`."""
    from app.messaging.channel import TransportError
    from app.providers.http import sending
    from app.providers.whatsapp.client import build_whatsapp

    async with sending(settings.whatsapp_url) as http:
        whatsapp = build_whatsapp(settings, http)
        if whatsapp is None or not settings.whatsapp_account:
            raise CommandError(
                "Set WHATSAPP_API_TOKEN, WHATSAPP_PHONE_NUMBER_ID and WHATSAPP_BUSINESS_ACCOUNT_ID."
            )
        try:
            yield whatsapp
        except TransportError as error:
            raise CommandError(f"WhatsApp refused ({error}): check its token and ids.") from error


async def _templates(settings: Settings, *, register: bool) -> int:
    from app.messaging.outbox.templates import list_barred, release_template
    from app.providers.whatsapp import templates
    from app.runtime import running

    async with _whatsapp(settings) as whatsapp:
        if register:
            for name in await templates.register(whatsapp, settings.whatsapp_account):
                print(f"registered {name}")
        found = await templates.compare(whatsapp, settings.whatsapp_account)
        # Messages that waited for a template which is in order again are sent now.
        differ = {(each.name, each.language) for each in found}
        async with running(settings) as runtime, runtime.database.begin() as session:
            for name, language in await list_barred(session):
                if (name, language) not in differ:
                    await release_template(session, name, language, runtime.clock())
                    print(f"{name} ({language}) may be sent again")
    for difference in found:
        print(f"{difference.name} ({difference.language}): {difference.what}")
    print("All templates are as they should be." if not found else f"{len(found)} differ.")
    return 1 if found else 0


async def flow(arguments: argparse.Namespace) -> int:
    """Register the form for free times with WhatsApp, or compare it with what is registered."""
    from app.providers.whatsapp import flows

    settings = _settings()
    async with _whatsapp(settings) as whatsapp:
        account = settings.whatsapp_account
        if arguments.what == "register":
            id_ = await flows.register(whatsapp, account)
            print(f"Registered. Set WHATSAPP_AVAILABILITY_FLOW_ID={id_}")
            return 0
        problem = await flows.problem(whatsapp, account, settings.availability_flow)
    print(problem or "The form is as it should be.")
    return 1 if problem else 0


def _date(text: str) -> dt.date:
    """Read a day. Raises `argparse.ArgumentTypeError`, which says how one is written."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no day: write 2026-11-30") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Command) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        sub.set_defaults(command=command)
        return sub

    server = add("serve", serve)
    server.add_argument("--host", default="127.0.0.1", help="address to listen on")
    server.add_argument("--port", type=int, help="port to listen on (else PORT, else 8000)")
    add("worker", work)
    checker = add("check", check)
    checker.add_argument("--deploy", action="store_true", help="judge as production would")
    checker.add_argument(
        "--invariants",
        action="store_true",
        help="count what breaks the rules, in the live database",
    )
    admin = add("create-admin", create_admin)
    admin.add_argument("--email", required=True)
    admin.add_argument("--name", default="Administrator")
    admin.add_argument(
        "--role",
        choices=["owner", "finance", "moderator", "support"],
        default="owner",
        help="what they are there for (else owner)",
    )
    factor = add("second-factor", second_factor)
    factor.add_argument("--email", required=True)
    factor.add_argument("--reset", action="store_true", help="take a lost factor away")
    add("migrate", migrate)
    add("reindex", reindex)
    verifier = add("verify-log", verify_log)
    verifier.add_argument(
        "--head", action="append", default=[], help="an exported head it must contain"
    )
    verifier.add_argument(
        "--heads", action="append", default=[], help="a file of exported heads, one a line"
    )
    add("audit-head", audit_head)
    teller = add("demo", demo)
    teller.add_argument("--url", help="the running server (else PUBLIC_URL or the local port)")
    teller.add_argument("--json", action="store_true", help="print what happened as JSON")
    teller.add_argument("--workers", type=int, default=2_000, help="how many workers to register")
    books = add("reconcile", reconcile)
    books.add_argument(
        "--day",
        required=True,
        type=_date,
        help="as the provider counts (2026-11-30)",
    )
    books.add_argument("--json", action="store_true", help="print the comparison as JSON")
    add("templates", templates).add_argument("what", choices=["register", "compare"])
    simulation.declare(add("simulate", simulation.simulate))
    add("flow", flow).add_argument("what", choices=["register", "compare"])
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; expected errors are printed without a traceback."""
    arguments = _parser().parse_args(argv)
    command: Command = arguments.command
    try:
        code = command(arguments)
        return code if isinstance(code, int) else asyncio.run(code)
    except ConfigurationError as error:
        print(f"The environment can't be used:\n{error}", file=sys.stderr)
    except Invalid as error:
        fields = [f"{each.field}: {each.message}" for each in error.errors]
        print("\n".join(fields) or error.message, file=sys.stderr)
    except (DomainError, CommandError) as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


if __name__ == "__main__":
    gc_tuning.disable()  # `serve`, `worker` and `demo`, which stay, freeze when they have loaded
    code = main()
    gc_tuning.freeze()  # at the end a collection would be in vain
    sys.exit(code)
