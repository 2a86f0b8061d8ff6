"""What a template's values look like when they leave, and by which way a template goes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messaging.channels import Template
from app.providers.whatsapp import parameter

REFUSED = re.compile(r"[\n\t]| {5,}")
"""What the platform refuses in a template's value (132018)."""


@pytest.mark.parametrize(
    ("value", "leaves"),
    [
        ("Mon 9–17\nTue 9–17", "Mon 9–17 Tue 9–17"),
        ("a\tb\r\n\r\nc", "a b c"),
        ("a        b", "a    b"),
        ("a    b", "a    b"),
        ("  name ", "name"),
        ("\n", "–"),
        ("", "–"),
        ("नमस्ते दुनिया", "नमस्ते दुनिया"),
    ],
)
def test_a_value_is_on_one_line_without_long_gaps(value: str, leaves: str) -> None:
    assert parameter(value) == leaves


@given(st.text(alphabet=st.sampled_from("ab \n\t\r\v\f\x85\u2028")))
def test_no_value_is_refused_for_its_spaces(value: str) -> None:
    sent = parameter(value)
    assert sent
    assert not REFUSED.search(sent)
    assert parameter(sent) == sent


def test_a_template_goes_by_what_it_is_filed_as_now() -> None:
    assert Template("t", "en", "utility").files_as == "utility"
    assert Template("t", "en", "utility", filed_as="marketing").files_as == "marketing"
