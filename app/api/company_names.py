"""A company's name as it is taken: workers read it in every offer, so what holds a job holds it too."""

from typing import Annotated, Final

from pydantic import AfterValidator

from app.core.schema import Name
from app.jobs import review
from app.messaging import texts

_NO_CONTACT: Final = (
    "must be the name alone: workers read it, so leave out numbers in words, addresses and links"
)


def _harmless(value: str) -> str:
    """Refuse contacts and the words of frauds; there is nobody who could look at a name first.

    Not numbers: a branch, a licence or a year may be part of a name, and where a worker reads it, what
    could be a phone is masked.
    """
    without_numbers = "".join(character for character in value if not character.isdigit())
    for finding in review.judge({"company_name": without_numbers}):
        if finding.kind == review.CONTACT:
            raise ValueError(_NO_CONTACT)
        if finding.holds:
            why = texts.word(texts.DEFAULT_LANGUAGE, f"review_{finding.kind}")
            raise ValueError(f"must be the name alone. {why}")
    return value


CompanyName = Annotated[Name, AfterValidator(_harmless)]
"""A company's name, reviewed by the rules of job texts."""
