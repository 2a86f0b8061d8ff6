"""A company's name as it is taken: workers read it in every offer, so what holds a job holds it too."""

from typing import Annotated, Final

from pydantic import AfterValidator, TypeAdapter, ValidationError

from app.core.languages import DEFAULT_LANGUAGE
from app.core.schema import Name
from app.jobs import review
from app.texts import catalogue


def _harmless(value: str) -> str:
    """Refuse the words of frauds: there is nobody who could look at a name first.

    A contact is no reason: where workers read a name, it is masked like any other text. Nor is likeness to
    scams: a name is too short to tell by.
    """
    for finding in review.judge({"company_name": value}):
        if finding.holds and finding.kind != review.LIKE_A_SCAM:
            why = catalogue.word(DEFAULT_LANGUAGE, f"review_{finding.kind}")
            raise ValueError(f"must be the name alone. {why}")
    return value


CompanyName = Annotated[Name, AfterValidator(_harmless)]
"""A company's name, reviewed by the rules of job texts."""
_NAMES: Final[TypeAdapter[str]] = TypeAdapter(CompanyName)


def acceptable_company_name(text: str) -> str | None:
    """Return a company's name as it is stored; None for what the API would refuse."""
    try:
        return _NAMES.validate_python(text)
    except ValidationError:
        return None
