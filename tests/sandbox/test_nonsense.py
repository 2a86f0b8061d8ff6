"""Nonsense from outside is told so in the right shape, and never breaks the sandbox."""

import pytest

from tests.sandbox.conftest import ASHA, World

TO_ASHA = b'{"messaging_product": "whatsapp", "to": "+919812345678", '

NONSENSE = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"messaging_product": "whatsapp", "to": "+919812345678", "text": {"body": NaN}}',
    b'{"messaging_product": "whatsapp", "to": 1e999, "type": "text"}',
    b'{"messaging_product": "whatsapp", "to": "+919812345678", "type": ["text"]}',
    b'{"messaging_product": "whatsapp", "to": "+919812345678", "type": "text", "text": "x"}',
    TO_ASHA + b'"type": "interactive", "interactive": {"type": {}, "action": {}}}',
    TO_ASHA + b'"type": "template", "template": {"name": 1, "language": "en"}}',
    TO_ASHA + b'"type": "contacts", "contacts": [1]}',
    b'{"messaging_product": "whatsapp", "recipient": "IN.1\\ud800", "type": "text"}',
]


@pytest.mark.parametrize("body", NONSENSE)
def test_the_graph_api_refuses_nonsense_in_its_own_shape(world: World, body: bytes) -> None:
    answer = world.graph("POST", f"{world.config.phone_number_id}/messages", content=body)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["code"] in (100, 131008, 131009, 131051)


@pytest.mark.parametrize("body", NONSENSE)
@pytest.mark.parametrize("path", ["inbound", "status", "clock", "faults", "raw", "block"])
def test_the_controls_refuse_nonsense_as_problems(world: World, path: str, body: bytes) -> None:
    if path == "raw" and not body:
        return  # an empty payload is a payload
    answer = world.http.post(f"/whatsapp/_control/{path}", content=body)
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "form",
    [
        "mode[=x",
        "mode[a]=x&mode=y",
        "a[b][c][d][e][f][g][h][i][j][k][l]=1",
        "expand=x",
        "mode=payment&line_items=x&success_url=https://x",
        "mode=payment&line_items[0]=x&success_url=https://x",
        "mode=payment&success_url=https://x&line_items[0][price_data][unit_amount]=1e9",
        "%ff=%fe",
    ],
)
def test_stripe_refuses_nonsense_in_its_own_shape(world: World, form: str) -> None:
    headers = {
        "Authorization": f"Bearer {world.config.stripe_secret_key}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = world.http.post("/stripe/v1/checkout/sessions", headers=headers, content=form)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_half_a_character_is_kept_out_of_the_store_but_not_out_of_the_webhook(
    world: World,
) -> None:
    body = b'{"phone": "%s", "message": {"type": "text", "text": "a\\ud800b"}}' % ASHA.encode()
    assert world.http.post("/whatsapp/_control/inbound", content=body).status_code == 200
    assert b"a\\ud800b" in world.business.received[0].body
    chat = world.http.get("/whatsapp/_control/conversation", params={"phone": ASHA})
    assert chat.json()["items"][0]["text"] == "a?b"


@pytest.mark.parametrize(
    "path", ["/whatsapp/v26.0/a/b/c", "/whatsapp/_control/nothing", "/stripe/_control/nothing"]
)
def test_what_does_not_exist_is_said_in_the_right_shape(world: World, path: str) -> None:
    headers = {"Authorization": f"Bearer {world.config.whatsapp_token}"}
    answer = world.http.get(path, headers=headers)
    assert answer.status_code in (400, 404)
    assert "json" in answer.headers["content-type"]
