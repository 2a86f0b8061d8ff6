"""The SMS gateway's client, against a tiny gateway over real HTTP."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.core.ids import new_id
from app.messaging.channel import Address, TransportError
from app.messaging.rules import Refusal
from app.providers.sms import Sms
from app.texts.message import Outgoing

JSON = '{"messages": [{"to": "{to}", "from": "{sender}", "text": "{text}"}], "kind": "otp"}'
FORM = "To={to}&From={sender}&Body={text}&Kind=otp"


class Gateway:
    """Takes what is posted, and answers as told."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[str, str, Any]] = []
        self.app = Starlette(routes=[Route("/send", self._send, methods=["POST"])])
        self.url = ""

    async def _send(self, request: Request) -> Response:
        kind = request.headers["content-type"].partition(";")[0]
        body = await request.json() if kind.endswith("json") else dict(await request.form())
        self.got.append((kind, request.headers.get("authorization", ""), body))
        return JSONResponse({"id": "1"}, self.status)


@pytest.fixture
def gateway(live_app: Callable[[Any], AbstractContextManager[str]]) -> Iterator[Gateway]:
    made = Gateway()
    with live_app(made.app) as base_url:
        made.url = f"{base_url}/send"
        yield made


def send(url: str, body: str = JSON, text: str = "Hello", **more: Any) -> Any:
    async def run() -> Any:
        async with httpx.AsyncClient() as http:
            sms = Sms(http, url=url, token="secret", sender="PRTMER", body=body, **more)
            return await sms.send(new_id(), Address(phone="+919822200001"), Outgoing(text))

    return asyncio.run(run())


def kind_of(url: str, **more: Any) -> Refusal:
    with pytest.raises(TransportError) as caught:
        send(url, **more)
    return caught.value.kind


def test_a_text_goes_as_json_or_as_a_form(gateway: Gateway) -> None:
    tricky = 'a "quoted" {to} & more'
    assert send(gateway.url, JSON, tricky).units == 1
    assert send(gateway.url, FORM, tricky).units == 1
    (json_kind, token, json_body), (form_kind, _, form_body) = gateway.got
    assert (json_kind, token) == ("application/json", "Bearer secret")
    message = {"to": "+919822200001", "from": "PRTMER", "text": tricky}
    assert json_body == {"messages": [message], "kind": "otp"}
    assert form_kind == "application/x-www-form-urlencoded"
    assert form_body == {"To": "+919822200001", "From": "PRTMER", "Body": tricky, "Kind": "otp"}


def test_a_long_text_is_several_and_a_longer_one_is_not_sent(gateway: Gateway) -> None:
    assert send(gateway.url, text="x" * 161).units == 2
    assert kind_of(gateway.url, text="न" * 500) is Refusal.PERMANENT
    assert len(gateway.got) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refusal.PERMANENT),
        (401, Refusal.CREDENTIALS),
        (402, Refusal.BLOCKED),
        (403, Refusal.CREDENTIALS),
        (404, Refusal.CREDENTIALS),
        (422, Refusal.PERMANENT),
        (429, Refusal.BACK_OFF),
        (500, Refusal.TRANSIENT),
        (502, Refusal.GATEWAY),
        (503, Refusal.GATEWAY),
    ],
)
def test_a_refusal_is_judged_by_its_status(gateway: Gateway, status: int, kind: Refusal) -> None:
    gateway.status = status
    assert kind_of(gateway.url) is kind


def test_a_lost_answer_is_ambiguous_and_a_connection_never_made_is_not() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/send"
        assert kind_of(url, answer_seconds=0.1) is Refusal.AMBIGUOUS
    assert kind_of("http://127.0.0.1:9/send") is Refusal.UNSENT


def test_only_a_phone_gets_an_sms(gateway: Gateway) -> None:
    async def run() -> None:
        async with httpx.AsyncClient() as http:
            sms = Sms(http, url=gateway.url, token="", sender="", body=JSON)
            await sms.send(new_id(), Address(platform_id="IN.1"), Outgoing("Hello"))

    with pytest.raises(TransportError) as caught:
        asyncio.run(run())
    assert caught.value.kind is Refusal.PERMANENT
