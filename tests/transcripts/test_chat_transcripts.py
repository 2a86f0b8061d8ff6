"""Whole conversations, as people live them: each is a text file that can be read.

A conversation that is meant to change is written anew by `TRANSCRIPTS=write pytest tests/transcripts -k
transcript`, and then read before it is kept.
"""

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.support.chat_player import play_file, register_in

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.txt"))


@pytest.fixture(scope="session")
def registered(
    _sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """A database in which somebody has registered in the chat, for each language."""
    folder = tmp_path_factory.mktemp("registered")

    @cache
    def made(language: str) -> Path:
        file = folder / f"{language}.db"
        shutil.copyfile(_sqlite_template, file)
        register_in(f"sqlite:///{file}", language)
        return file

    return made


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_transcript(
    file: Path, sqlite_database_url: str, registered: Callable[[str], Path]
) -> None:
    written, came = play_file(sqlite_database_url, file, registered)
    if os.environ.get("TRANSCRIPTS") == "write":
        file.write_text("\n".join(came) + "\n", encoding="utf-8")
    assert came == written


def test_there_are_conversations_in_both_languages() -> None:
    assert len(FILES) >= 25
    assert {file.stem.rsplit("_", 1)[-1] for file in FILES} == {"en", "hi"}
