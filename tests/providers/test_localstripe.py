"""Our Stripe client against a Stripe that is none of ours: `localstripe`, for what it has.

It has customers, payment intents, refunds and 404s; no hosted pages, no disputes, no test of a signature's age. Those
are tested against our stand-in (`sandbox/stripe`) and against objects as Stripe publishes them
(`test_stripe_events.py`). It keeps its state in memory, and knows no idempotency keys.
"""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from app.core.money import Money
from app.payments.provider import (
    PaymentsMisconfigured,
    PaymentsUnavailable,
    ProviderRefused,
    RefundState,
)
from app.providers.stripe.client import StripePayments
from tests.infra.run import READY_SECONDS, ServerFailedError, free_port

PRICE: Final = Money(4_900, "INR")
KEY: Final = "sk_test_smoke"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where localstripe answers, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "localstripe", "--from-scratch", "--port", str(port)]
    log = tmp_path_factory.mktemp("localstripe") / "log"
    with (
        log.open("wb") as out,
        subprocess.Popen(command, cwd=log.parent, stdout=out, stderr=out) as process,
    ):
        try:
            _wait(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise ServerFailedError(log.read_text()[-2_000:])


@pytest.fixture
async def client(address: str) -> AsyncIterator[StripePayments]:
    """Our client, as the product uses it."""
    made = StripePayments(KEY, address)
    yield made
    await made.close()


async def paid(address: str, customer: str) -> Any:
    """A payment intent that a card has paid, as a hosted page would leave it."""
    card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvc": "123"}
    async with httpx.AsyncClient(
        base_url=address, headers={"Authorization": f"Bearer {KEY}"}
    ) as http:
        method = {"type": "card"} | {f"card[{name}]": value for name, value in card.items()}
        made = (await http.post("/v1/payment_methods", data=method)).raise_for_status().json()
        body = {"amount": "4900", "currency": "inr", "customer": customer, "confirm": "true"}
        answer = await http.post("/v1/payment_intents", data=body | {"payment_method": made["id"]})
        return answer.raise_for_status().json()


async def test_a_customer_is_made_and_what_they_paid_goes_back_in_parts(
    address: str, client: StripePayments
) -> None:
    customer = await client.create_customer("employer-1", "Spice Route Cafe", "customer:1")
    assert customer.startswith("cus_")
    intent = await paid(address, customer)
    assert intent["status"] == "succeeded"
    assert client.owns(intent["id"])
    assert await client.refunds_of(intent["id"]) == []
    part = await client.refund(intent["id"], Money(900, "INR"), "refund-1", "refund:1")
    assert (part.state, part.amount, part.refund_id) == (
        RefundState.SUCCEEDED,
        Money(900, "INR"),
        "refund-1",
    )
    rest = await client.refund(intent["id"], Money(4_000, "INR"), "refund-2", "refund:2")
    made = {one.provider_id: one for one in await client.refunds_of(intent["id"])}
    assert made == {part.provider_id: part, rest.provider_id: rest}


async def test_what_it_does_not_know_is_not_there(client: StripePayments) -> None:
    with pytest.raises(ProviderRefused):
        await client.refund("pi_of_nobody", PRICE, "refund-3", "refund:3")


async def test_what_is_no_answer_of_stripes_decides_nothing(client: StripePayments) -> None:
    """It has no checkout sessions: its 404 for the path is no word about ours."""
    with pytest.raises(PaymentsUnavailable):
        await client.checkout("cs_test_1")


async def test_a_key_that_is_none_is_misconfigured(address: str) -> None:
    client = StripePayments("rk_none", address)
    try:
        with pytest.raises(PaymentsMisconfigured):
            await client.refunds_of("pi_1")
    finally:
        await client.close()
