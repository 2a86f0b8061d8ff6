"""House rules that a linter of others can't know, read off the syntax tree, each with its reason."""

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from tests.architecture.source import Source, domain_files, python_files, tracked_files

Finding = Callable[[Source], Iterator[str]]

CLOCKS = re.compile(
    r"datetime\.datetime\.(now|utcnow|today)|datetime\.date\.today|time\.(time|time_ns|localtime|gmtime)"
)
TERMINAL = ("app/__main__.py", "app/demo/", "app/simulation/cli.py")
"""Where the product speaks to a person at a terminal."""

ENVIRONMENT = ("app/core/settings.py", "app/__main__.py")
"""Where it is read; and the command line, which sets what its options mean before it is read."""

LINES = 500


def transactions_opened(source: Source) -> Iterator[str]:
    """A verb never commits: the edge owns the transaction, so verbs compose into one.

    A round of background work that calls outside between two transactions (claim, call, record) is
    an edge itself: it is handed `database`, has no session, and uses `database.begin()`.
    """
    rounds: set[ast.AST] = set()
    for function in source.nodes:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            given = {
                argument.arg
                for argument in ast.walk(function.args)
                if isinstance(argument, ast.arg)
            }
            if "database" in given and "session" not in given:
                rounds |= {
                    node
                    for node in ast.walk(function)
                    if isinstance(node, ast.Call) and ast.unparse(node.func) == "database.begin"
                }
    for node in source.nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"commit", "rollback", "begin"}
            and node not in rounds
        ):
            yield f"{source.name}:{node.lineno} calls .{node.func.attr}()"


def bare_savepoints(source: Source) -> Iterator[str]:
    """A savepoint is opened by `savepoint`: a bare one keeps what the block noted for the log when it takes the rest back."""
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "begin_nested":
            yield f"{source.name}:{node.lineno} opens a bare savepoint"


def clocks_read(source: Source) -> Iterator[str]:
    """Time is an argument: what a rule says must depend on its arguments, and tests pass the hour."""
    for name, line in source.mentions:
        if CLOCKS.fullmatch(name):
            yield f"{source.name}:{line} reads the clock: {name}"


def environment_read(source: Source) -> Iterator[str]:
    """One typed Settings object reads the environment, validates it, and reports all at once."""
    for name, line in source.mentions:
        if name in {"os.environ", "os.getenv", "os.environb", "os.putenv"}:
            yield f"{source.name}:{line} reads the environment: {name}"


def prints(source: Source) -> Iterator[str]:
    """A server speaks through its log, where lines have fields and secrets are taken out."""
    for name, line in source.mentions:
        if name == "print":
            yield f"{source.name}:{line} prints"


def fire_and_forget(source: Source) -> Iterator[str]:
    """What is only in memory is lost with the process: work to do is a row in the database."""
    for name, line in source.mentions:
        if name.endswith("BackgroundTasks"):
            yield f"{source.name}:{line} uses BackgroundTasks"


def naive_times(source: Source) -> Iterator[str]:
    """Instants are aware and UTC; a naive one means another hour on another machine."""
    if not re.search("utcnow|utcfromtimestamp", source.text):
        return  # not worth parsing: there are hundreds of files
    for name, line in source.mentions:
        if name in {"datetime.datetime.utcnow", "datetime.datetime.utcfromtimestamp"}:
            yield f"{source.name}:{line} makes a naive time: {name}"


def broad_excepts(source: Source) -> Iterator[str]:
    """A silent `except Exception: pass` hides every bug there will ever be behind it."""
    for node in source.nodes:
        if (
            isinstance(node, ast.ExceptHandler)
            and (node.type is None or (isinstance(node.type, ast.Name) and "Exc" in node.type.id))
            and all(isinstance(statement, ast.Pass) for statement in node.body)
        ):
            yield f"{source.name}:{node.lineno} swallows every error"


def weaker_passwords(source: Source) -> Iterator[str]:
    """How strongly passwords are kept is said in one place, and is the same for every account."""
    for name, line in source.mentions:
        if name.startswith("app.identity.passwords.hashing"):
            yield f"{source.name}:{line} touches how passwords are hashed"


def undocumented(source: Source) -> Iterator[str]:
    """What is public promises something: its docstring says what, in which units, raising what."""
    waiting: list[ast.AST] = [source.tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                if node.name.startswith("_"):
                    continue
                overrides = any(
                    ast.unparse(d).endswith(("override", "overload")) for d in node.decorator_list
                )
                if not overrides and not ast.get_docstring(node):
                    yield f"{source.name}:{node.lineno} {node.name} has no docstring"
                if isinstance(node, ast.ClassDef):
                    waiting.append(node)
            elif isinstance(node, ast.If | ast.Try):
                waiting.append(node)


def too_long(source: Source) -> Iterator[str]:
    """A file that needs scrolling for ever holds more than one idea: split it by concept.

    A migration is one idea however many tables it makes, and is never changed again.
    """
    if source.name.startswith("migrations/versions/"):
        return
    length = source.text.count("\n")
    if length > LINES:
        yield f"{source.name} has {length} lines, of at most {LINES}"


def everywhere() -> tuple[Source, ...]:
    """Return every Python file of the project."""
    return python_files(
        "app", "sandbox", "scripts", "tests", "benchmarks", "campaign", "migrations"
    )


def app_without(*names: str) -> Callable[[], tuple[Source, ...]]:
    """Return the files of the app but those whose path starts with one of `names`."""
    return lambda: tuple(s for s in python_files("app") if not s.name.startswith(names))


def told_the_time() -> tuple[Source, ...]:
    """Return what takes the time as an argument: the domains, the conversation, the catalogue."""
    return domain_files() + python_files(
        "app/chat", "app/dialogue", "app/nlu", "app/texts", "app/catalogue"
    )


@pytest.mark.parametrize(
    ("finding", "files"),
    [
        (transactions_opened, domain_files),
        (bare_savepoints, app_without("app/database/session.py")),
        (clocks_read, told_the_time),
        (environment_read, app_without(*ENVIRONMENT)),
        (prints, app_without(*TERMINAL)),
        (fire_and_forget, app_without()),
        (naive_times, everywhere),
        (broad_excepts, app_without()),
        (weaker_passwords, app_without()),
        (undocumented, app_without()),
        (too_long, everywhere),
    ],
    ids=lambda value: value.__name__ if value.__name__ in globals() else "",
)
def test_house_rule(finding: Finding, files: Callable[[], tuple[Source, ...]]) -> None:
    found = [each for source in files() for each in finding(source)]
    assert not found, f"{finding.__doc__}\n" + "\n".join(found)


BROKEN = (
    """
import os, datetime as dt
from time import time as clock
from fastapi import BackgroundTasks
from app.identity import passwords
passwords.hashing = None
async def _round(database):
    async with database.begin() as session:
        await session.commit()
async def verb(session, database, tasks: BackgroundTasks):
    await session.commit()
    async with session.begin():
        pass
    async with session.begin_nested():
        pass
    database.begin()
    now = dt.datetime.now(dt.UTC)
    then = clock()
    try:
        print(os.environ["X"], dt.datetime.utcnow())
    except Exception:
        pass
"""
    + "\n" * LINES
)


@pytest.mark.parametrize(
    ("finding", "count"),
    [
        (transactions_opened, 4),
        (bare_savepoints, 1),
        (clocks_read, 3),
        (environment_read, 1),
        (prints, 1),
        (fire_and_forget, 1),
        (naive_times, 1),
        (broad_excepts, 1),
        (weaker_passwords, 1),
        (undocumented, 1),
        (too_long, 1),
    ],
)
def test_the_rule_sees_it_broken(
    finding: Finding, count: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("broken") / "broken.py"
    file.write_text(BROKEN)

    class Broken(Source):
        name = "broken.py"

    assert len(list(finding(Broken(file)))) == count


def test_no_file_says_where_packages_come_from() -> None:
    """Pins and hashes say what to install; where from is each machine's own affair."""
    address = re.compile(
        rb"--(extra-)?index-url|--find-links|--trusted-host"
        rb"|https?://[^\s\"'<>]+\.(whl|tar\.gz|tgz|zip)\b"
        rb"|\"resolved\":\s*\"http"
        rb"|(files\.python" + rb"hosted|py" + rb"pi)\.org",
    )
    me = "test_house_rules.py"
    found = [
        f"{path}: {match.group().decode(errors='replace')}"
        for path in tracked_files()
        if path.name != me
        for match in address.finditer(path.read_bytes())
    ]
    assert not found, "\n".join(found)
