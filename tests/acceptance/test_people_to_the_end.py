"""Twenty people on the page of phones, each to the end, in English, Hindi and Hinglish, on both databases.

Ten employers go from their first text to a contact they paid for, and on; ten workers from "hello" to an employer
who calls. Their lines are written as such people write, and what they get is in the files, to be read aloud. Who
changes an answer on purpose writes the files anew: `TRANSCRIPTS=write pytest tests/acceptance/test_people_to_the_end.py
-k sqlite`, and reads them.
"""

import os
import re
from pathlib import Path

import pytest

from app.texts.catalogue import get_catalogue
from tests.support.app_harness import World
from tests.support.story_player import play_story

FOLDER = Path(__file__).parent / "people"
STORIES = sorted(FOLDER.glob("*.txt"))
EMPLOYERS = {
    "home": "mehta",
    "restaurant": "bunty",
    "wedding": "shukla",
    "shop": "mathew",
    "office": "nair",
    "kitchen": "gupta",
    "tomorrow": "fernandes",
    "guard": "sharma",
    "events": "kapoor",
    "angry": "malhotra",
}
WORKERS = {
    "home": "savitri",
    "restaurant": "rohan",
    "wedding": "joseph",
    "shop": "kavita",
    "office": "salim",
    "kitchen": "ramesh",
    "tomorrow": "aditya",
    "guard": "babulal",
    "events": "sunita",
    "angry": "kamla",
}
MOST_TO_PUBLISH = 6
"""Messages of a stranger from their first text to a published job."""


@pytest.mark.parametrize("file", STORIES, ids=lambda file: file.stem)
def test_each_of_them_gets_through(world: World, file: Path) -> None:
    written, came = play_story(world, file)
    if os.environ.get("TRANSCRIPTS") == "write":
        file.write_text("\n".join(came) + "\n", encoding="utf-8")
    assert came == written


def _said(file: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}: .+", file.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("file", STORIES, ids=lambda file: file.stem)
def test_nobody_meets_a_dead_end(file: Path) -> None:
    story = file.read_text("utf-8")
    published = re.search(r"^ +(?:to \w+: )?(?:Posted: |डाल दिया: )", story, re.MULTILINE)
    assert published
    before = story[: published.start()]
    own = re.findall(rf"^{EMPLOYERS[file.stem]}: ", before, re.MULTILINE)
    assert len(own) <= MOST_TO_PUBLISH
    for language in ("en", "hi"):
        texts = get_catalogue(language).chat
        for name in ("not_understood", "not_understood_menu", "stuck", "handed_over"):
            assert texts[name].text.split("\n")[0] not in story, name


@pytest.mark.parametrize("file", STORIES, ids=lambda file: file.stem)
def test_each_worker_hears_who_calls_and_each_employer_gets_a_contact(file: Path) -> None:
    story = file.read_text("utf-8")
    assert _said(file, WORKERS[file.stem])
    assert _said(file, EMPLOYERS[file.stem])
    assert "(hello link)" in story
    assert re.search(
        rf"to {WORKERS[file.stem]}: (Good news: .+ chose you|अच्छी ख़बर: .+ चुना है)", story
    )
