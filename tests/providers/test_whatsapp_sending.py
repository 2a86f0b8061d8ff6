"""What a template's values look like when they leave, by which way a template goes, and how a refusal is read."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.core.ids import new_id
from app.messaging.channel import Address, TransportError
from app.messaging.rules import Refusal
from app.providers.http import sending
from app.providers.whatsapp.client import WhatsApp, parameter
from app.texts.message import Outgoing, Template

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


PERMISSION = {
    "message": "(#200) You do not have the necessary permissions",
    "type": "OAuthException",
    "fbtrace_id": "AbC",
}
"""An error of the account, not of the message: whatever is sent next is refused as well."""


@pytest.mark.parametrize("status", [200, 400, 403, 500])
@pytest.mark.parametrize(
    "error",
    [
        PERMISSION | {"code": 200},
        PERMISSION | {"code": "200"},
        PERMISSION | {"code": 200.0},
        PERMISSION,
        PERMISSION | {"code": None},
        PERMISSION | {"code": 100, "error_subcode": 33},
    ],
)
async def test_a_missing_permission_is_the_accounts_fault_however_it_is_told(
    live_app: Callable[..., AbstractContextManager[str]], status: int, error: dict[str, Any]
) -> None:
    async def refuse(_: Request) -> JSONResponse:
        return JSONResponse({"error": error}, status_code=status)

    platform = Starlette(routes=[Route("/v1/1/messages", refuse, methods=["POST"])])
    with live_app(platform) as base_url:
        async with sending(base_url) as http:
            whatsapp = WhatsApp(http, base=base_url, version="v1", token="t", number_id="1")
            with pytest.raises(TransportError) as refused:
                await whatsapp.send(new_id(), Address(phone="+919822000001"), Outgoing("hello"))
    assert refused.value.kind is Refusal.CREDENTIALS
    assert refused.value.code in {"200", "33"}
