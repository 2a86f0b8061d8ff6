"""The languages people can be spoken to in; each has a message catalogue."""

from enum import StrEnum


class Language(StrEnum):
    """A language, by its ISO 639-1 code."""

    ENGLISH = "en"
    HINDI = "hi"
