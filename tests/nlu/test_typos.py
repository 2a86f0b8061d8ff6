"""One slip in a word of a command, a day, a unit or a trade is mended; names, places and everyday words are left alone."""

import pytest

from app.nlu.typos import nearest_known, without_typos


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("hepl", "help"),
        ("yse", "yes"),
        ("sotp", "stop"),
        ("accpet", "accept"),
        ("acept!", "accept!"),
        ("huamn", "human"),
        ("langauge", "language"),
        ("mondya evning", "monday evening"),
        ("weekned", "weekend"),
        ("2 yaers", "2 years"),
        ("5 kilometr", "5 kilometer"),
        ("kithcen", "kitchen"),
        ("drivr", "driver"),
        ("सोमवर", "सोमवार"),
        ("हिन्दि", "हिन्दी"),
    ],
)
def test_a_single_slip_is_mended(text: str, meant: str) -> None:
    assert without_typos(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        *("Ravi", "Sunita Devi", "main Andheri mein rehta hu", "my brother", "yes", "stop"),
        *("xqzv", "ab", "12345", "a" * 200, "", "👍", "steep", "later"),
    ],
)
def test_a_text_without_a_slip_stays_as_it_is(text: str) -> None:
    assert without_typos(text) == text


def test_two_slips_are_no_word() -> None:
    assert nearest_known("acpte") is None
    assert nearest_known("mundey") is None


def test_what_is_mended_needs_no_mending_again() -> None:
    for text in ("hepl", "mondya evning", "2 yaers", "delte my data", "sotp msgs"):
        once = without_typos(text)
        assert without_typos(once) == once
