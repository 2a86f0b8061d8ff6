"""The languages the product speaks: one for each file in `app/texts/locales`."""

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

LOCALES: Final = Path(__file__).parents[1] / "texts" / "locales"


class Language(StrEnum):
    """A language, by its ISO 639-1 code."""

    _ignore_ = ["found", "code"]
    ENGLISH = "en"
    found = sorted(path.stem for path in LOCALES.glob("*.toml"))
    for code in found:
        if code != ENGLISH:
            vars()[code.upper()] = code


DEFAULT_LANGUAGE: Final = Language.ENGLISH.value


@cache
def languages() -> tuple[str, ...]:
    """Return the codes of all languages, the default first."""
    return tuple(language.value for language in Language)
