"""What the documents name exists, and what exists is named: prose can't drift from the code."""

import argparse
import datetime as dt
import re
from pathlib import Path

import pytest
from sqlalchemy import Table

from app.__main__ import _parser
from app.background import LOOPS
from app.core.settings import Settings
from app.database.schema import load_models
from app.database.types import Base
from tests.architecture.source import ROOT, tracked_files

SETTINGS = {name.upper() for name in Settings.model_fields}
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))

DOCUMENTS = sorted(path for path in tracked_files() if path.suffix == ".md")


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def test_every_setting_has_its_line_and_every_line_is_a_setting() -> None:
    lines = re.findall(r"^([A-Z][A-Z0-9_]*)=", text_of(".env.example"), re.MULTILINE)
    assert sorted(lines) == sorted(SETTINGS)


def test_the_example_of_the_environment_is_what_one_has_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    example = Settings(_env_file=ROOT / ".env.example")
    assert example == Settings(_env_file=None)


def test_every_line_of_the_example_is_explained() -> None:
    lines = text_of(".env.example").splitlines()
    for above, line in zip(["", *lines], lines, strict=False):
        if re.match(r"[A-Z]", line):
            assert above.startswith("# "), line


def test_the_readmes_table_names_settings_that_exist() -> None:
    table = text_of("README.md").split("## Configuration")[1].split("\n## ")[0]
    firsts = "".join(re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE))
    named = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", firsts))
    assert named
    assert named <= SETTINGS


def test_commands_that_are_named_exist_and_all_are_named() -> None:
    commands = next(
        set(action.choices)
        for action in _parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    words = set(re.findall(r"^([a-z]+):.*##", text_of("Makefile"), re.MULTILINE))
    for document in DOCUMENTS:
        text = document.read_text()
        assert set(re.findall(r"python -m app ([a-z][a-z-]*)", text)) <= commands, document.name
        assert set(re.findall(r"`make ([a-z]+)", text)) <= words, document.name
    readme = text_of("README.md")
    assert {c for c in commands if f"python -m app {c}" in readme or f"make {c}" in readme} == (
        commands
    )


def test_every_table_has_its_line_and_every_line_is_a_table() -> None:
    listing = text_of("docs/data-model.md").split("## Every table")[1].split("\n## ")[0]
    named = re.findall(r"^\| `([a-z_]+)` \| ([a-z]+) \|", listing, re.MULTILINE)
    tables = load_models().tables
    assert sorted(name for name, _ in named) == sorted(tables)
    homes = {
        mapper.local_table.name: mapper.class_.__module__.split(".")[1]
        for mapper in Base.registry.mappers
        if isinstance(mapper.local_table, Table)
    }
    assert dict(named) == homes


def test_the_pictures_of_the_tables_show_columns_and_references_that_exist() -> None:
    tables = load_models().tables
    text = text_of("docs/data-model.md")
    entities = re.findall(r"^    ([a-z_]+) \{\n(.*?)^    \}", text, re.MULTILINE | re.DOTALL)
    assert entities
    for name, body in entities:
        shown = {line.split()[1] for line in body.strip().splitlines()}
        assert shown <= set(tables[name].columns.keys()), name
    references = {
        (key.column.table.name, table.name)
        for table in tables.values()
        for key in table.foreign_keys
    }
    drawn = re.findall(r"^    ([a-z_]+) \|\|--o[|{] ([a-z_]+) :", text, re.MULTILINE)
    assert len(drawn) > len(tables) / 2
    assert set(drawn) <= references


def test_every_loop_has_its_line() -> None:
    text = text_of("docs/architecture.md").split("## Background work")[1].split("\n## ")[0]
    named = [
        name
        for row in re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)
        for name in re.findall(r"`([a-z_]+)`", row)
    ]
    assert sorted(named) == sorted(loop.name for loop in LOOPS)


def test_every_folder_of_the_product_has_its_line() -> None:
    text = text_of("docs/architecture.md")
    for folder in (ROOT / "app").iterdir():
        if (folder / "__init__.py").exists():
            assert f"`app/{folder.name}/`" in text, folder.name


def test_files_that_the_architecture_names_exist() -> None:
    named = re.findall(r"`(app/[\w/.]+\.(?:py|toml))`", text_of("docs/architecture.md"))
    assert len(named) > 40
    assert not [path for path in named if not (ROOT / path).is_file()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        if anchor:
            titles = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^a-z0-9 -]", "", t.lower()).replace(" ", "-") for t in titles}
            assert anchor in slugs, link


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem[:4])
def test_a_decision_says_why_what_and_what_follows(path: Path) -> None:
    head, *parts = re.split(r"^## ", path.read_text(), flags=re.MULTILINE)
    title, empty, status, *rest = head.splitlines()
    assert title.startswith(f"# {path.stem[:4]}. ")
    assert (empty, *rest) == ("", "")
    decided = re.fullmatch(
        r"Status: (?:accepted|replaced by \[\d{4}\]\(\d{4}-[a-z0-9-]+\.md\)), (\d{4}-\d\d-\d\d)",
        status,
    )
    assert decided, "a decision has a status and a date"
    dt.date.fromisoformat(decided[1])
    assert [part.splitlines()[0] for part in parts] == ["Context", "Decision", "Consequences"]


def test_every_decision_is_in_the_index_by_its_title() -> None:
    titles = {
        path.name: path.read_text().partition("\n")[0].removeprefix("# ") for path in DECISIONS
    }
    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", text_of("docs/decisions/README.md"), re.MULTILINE)
    assert sorted(listed) == sorted((title, name) for name, title in titles.items())


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
