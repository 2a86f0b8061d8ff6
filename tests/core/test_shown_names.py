"""Names of companies and titles of jobs, which other people read, hold nothing that nobody sees."""

import pytest
from pydantic import TypeAdapter, ValidationError

from app.core.schema import Name, Title

NAMES: TypeAdapter[str] = TypeAdapter(Name)
TITLES: TypeAdapter[str] = TypeAdapter(Title)


@pytest.mark.parametrize("reader", [NAMES, TITLES])
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Ta\u200bta Foods", "Tata Foods"),
        ("\u202esdooF ataT", "sdooF ataT"),
        ("\u2066Tata\u2069 \ufeffFoods\u00ad", "Tata Foods"),
        ("\u200b Tata Foods \u200b", "Tata Foods"),
    ],
)
def test_signs_that_nobody_sees_are_dropped(reader: TypeAdapter[str], sent: str, kept: str) -> None:
    assert reader.validate_python(sent) == kept


@pytest.mark.parametrize("name", ["क\u094d\u200dष Foods", "Cook 👨\u200d🍳", "مرکز\u200cکار"])
def test_the_joiners_of_scripts_and_emoji_stay(name: str) -> None:
    assert NAMES.validate_python(name) == name


@pytest.mark.parametrize("reader", [NAMES, TITLES])
def test_only_signs_that_nobody_sees_are_no_name(reader: TypeAdapter[str]) -> None:
    with pytest.raises(ValidationError):
        reader.validate_python("\u200b\u2060\ufeff\u202e")
