"""In which language a message is written, and whether that chooses it."""

import pytest

from app.nlu.spoken_language import spoken_in


@pytest.mark.parametrize(
    ("text", "language", "clear"),
    [
        ("हाँ", "hi", False),
        ("रमेश कुमार यादव", "hi", False),
        ("मुझे काम चाहिए", "hi", True),
        ("mera naam Asha", "hi", False),
        ("mujhe kaam chahiye main Thane mein rehta hoon", "hi", True),
        ("kal sham 6 se 11", "hi", False),
        ("any job", "en", False),
        ("I am a cook from Thane looking for work", "en", True),
        ("qwertz 98 asdf 76 yxcv", None, False),
        ("Ramesh", None, False),
        ("Ravi", None, False),
        ("", None, False),
    ],
)
def test_a_message_tells_its_language(text: str, language: str | None, clear: bool) -> None:
    spoken = spoken_in(text)
    assert (spoken.language, spoken.clear) == (language, clear)
