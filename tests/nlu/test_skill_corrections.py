"""An answer about skills adds; only what is denied goes."""

import pytest

from app.nlu.skill_corrections import read_change

CHOSEN = ["waiter", "cook"]


@pytest.mark.parametrize(
    ("text", "language", "after"),
    [
        ("not cook", "en", ["waiter"]),
        ("remove cook", "en", ["waiter"]),
        ("I can't cook", "en", ["waiter"]),
        ("cook hata do", "hi", ["waiter"]),
        ("nahi, cook nahi waiter", "hi", ["waiter"]),
        ("bartender instead of cook", "en", ["waiter", "bartender"]),
        ("waiter ki jagah bartender", "hi", ["cook", "bartender"]),
        ("driver bhi", "hi", ["waiter", "cook", "car_driver"]),
        ("and also a driver", "en", ["waiter", "cook", "car_driver"]),
        ("sirf waiter", "hi", ["waiter"]),
        ("no no, waiter only", "en", ["waiter"]),
        ("सिर्फ़ वेटर", "hi", ["waiter"]),
        ("वेटर नहीं", "hi", ["cook"]),
    ],
)
def test_a_correction_changes_what_it_names(text, language, after):
    change = read_change(text, language)
    assert change is not None
    assert change.applied_to(CHOSEN) == after


@pytest.mark.parametrize("text", ["waiter", "cook, driver", "no problem", "nahi pata", "", "only"])
def test_what_corrects_nothing_is_no_change(text):
    assert read_change(text, "en") is None
