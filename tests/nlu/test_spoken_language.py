"""Which messages choose a language by being written in it, where it was asked for."""

import pytest

from app.nlu.spoken_language import find_clear_language


@pytest.mark.parametrize(
    ("text", "tells", "language"),
    [
        ("हाँ", False, None),
        ("रमेश", False, None),
        ("रमेश कुमार यादव", False, None),
        ("मुझे काम चाहिए", False, "hi"),
        ("कुक ठाणे", True, "hi"),
        ("mera naam Asha", True, None),
        ("mujhe kaam chahiye", False, None),
        ("mujhe kaam chahiye main Thane mein rehta hoon", True, "hi"),
        ("I need a job", False, None),
        ("2 years as a waiter", True, None),
        ("I am a cook from Thane looking for work", True, "en"),
        ("qwertz 98 asdf 76 yxcv", False, None),
        ("", False, None),
    ],
)
def test_only_a_clear_message_chooses_a_language(
    text: str, tells: bool, language: str | None
) -> None:
    assert find_clear_language(text, tells=tells) == language
