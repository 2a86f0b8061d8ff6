"""A new language is two files and a column: the product speaks a third one without a line of Python."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.texts.new_language.__main__ import TRANSCRIPT

ROOT = Path(__file__).parents[2]
NEW = "eo"
FILES = (
    "app/texts/locales/{language}.toml",
    "app/nlu/vocabulary/{language}.toml",
    "app/catalogue/data/skills.toml",
)
"""All that a new language touches; CONTRIBUTING names the same."""


def add_language(folder: Path) -> None:
    """Add the third language to a copy of the product: what English says, marked by «."""
    locale, words, skills = (folder / file.format(language=NEW) for file in FILES)
    english = locale.with_name("en.toml").read_text(encoding="utf-8")
    texts = re.sub(r'^text = ("""\n|")', r"text = \1« ", english, flags=re.MULTILINE)
    texts = texts.replace('name = "English"', 'name = "Esperanto"', 1)
    locale.write_text(texts.replace('locale = "en_IN"', 'locale = "eo"', 1), encoding="utf-8")
    shutil.copyfile(TRANSCRIPT.with_name("vocabulary.toml"), words)
    column = re.compile(r'^(\w+ = \{ (?:.*names = \{ )?)en = "([^"]+)"', re.MULTILINE)
    skills.write_text(
        column.sub(r'\1en = "\2", eo = "\2-isto"', skills.read_text(encoding="utf-8")),
        encoding="utf-8",
    )


def test_a_worker_registers_in_a_language_of_two_files_and_a_column(
    tmp_path: Path, sqlite_database_url: str
) -> None:
    copy = tmp_path / "app"
    shutil.copytree(ROOT / "app", copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = {file: file.read_bytes() for file in copy.rglob("*") if file.is_file()}
    add_language(tmp_path)
    changed = {
        file.relative_to(tmp_path).as_posix()
        for file in copy.rglob("*")
        if file.is_file() and before.get(file) != file.read_bytes()
    }
    assert changed == {file.format(language=NEW) for file in FILES}

    ran = subprocess.run(
        [sys.executable, "-B", "-m", "tests.texts.new_language", sqlite_database_url],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    if os.environ.get("TRANSCRIPTS") == "write":
        TRANSCRIPT.write_text(ran.stdout, encoding="utf-8")
    assert ran.stdout == TRANSCRIPT.read_text(encoding="utf-8")


def test_the_guide_names_every_file_of_a_new_language() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    start = guide.index("**A language.**")
    paragraph = guide[start : guide.index("\n\n", start)]
    assert re.findall(r"`(app/[^`]+)`", paragraph) == [
        file.format(language="<code>") for file in FILES
    ]
