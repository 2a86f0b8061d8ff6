"""Webhooks of the payment providers, an address each: verified, stored, acknowledged; handled after.

Every provider that has a secret here is believed, whichever of them sells: refunds, disputes and late payments of
the one before still arrive.
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Header, Request

from app.api.http.dependencies import Route, Rt
from app.api.http.problems import problems
from app.api.webhooks.answer import Received
from app.core.errors import Unauthenticated, Unavailable
from app.payments.events import store
from app.payments.provider import EventsNotConfigured, SignatureInvalid
from app.runtime import Runtime, wall_clock

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"], route_class=Route)


class StripeNotConfigured(Unavailable):
    """Without Stripe's webhook secret nothing that arrives can be believed."""

    code = "stripe_not_configured"
    detail = "Stripe is not set up on this server."
    remedy = "Set the secrets of Stripe; .env.example names them."


class RazorpayNotConfigured(Unavailable):
    """Without Razorpay's webhook secret nothing that arrives can be believed."""

    code = "razorpay_not_configured"
    detail = "Razorpay is not set up on this server."
    remedy = "Set the secrets of Razorpay; .env.example names them."


class WrongSignature(Unauthenticated):
    """These bytes were not signed with one of the provider's webhook secrets."""

    code = "bad_signature"
    detail = "The signature does not fit the body."
    remedy = "Sign the bytes of the body as they are sent, with the secret configured here."


@router.post("/stripe", responses=problems(WrongSignature, StripeNotConfigured))
async def receive_stripe(
    request: Request,
    rt: Rt,
    stripe_signature: Annotated[
        str, Header(max_length=4_096, description="Stripe's signature of the body's bytes.")
    ] = "",
) -> Received:
    """Store one event of Stripe, signed over the raw bytes; a bad signature stores nothing."""
    headers = {"stripe-signature": stripe_signature}
    return await _receive(request, rt, "stripe", headers, StripeNotConfigured)


@router.post("/razorpay", responses=problems(WrongSignature, RazorpayNotConfigured))
async def receive_razorpay(
    request: Request,
    rt: Rt,
    x_razorpay_signature: Annotated[
        str,
        Header(
            max_length=4_096,
            description="HMAC-SHA256 of the body's bytes with the webhook's secret, in hexadecimal.",
        ),
    ] = "",
    x_razorpay_event_id: Annotated[
        str,
        Header(
            max_length=160, description="Razorpay's id of the event; sent again, it has the same."
        ),
    ] = "",
) -> Received:
    """Store one event of Razorpay, signed over the raw bytes; a bad signature stores nothing."""
    headers = {
        "x-razorpay-signature": x_razorpay_signature,
        "x-razorpay-event-id": x_razorpay_event_id,
    }
    return await _receive(request, rt, "razorpay", headers, RazorpayNotConfigured)


async def _receive(
    request: Request,
    rt: Runtime,
    provider: str,
    headers: Mapping[str, str],
    not_configured: type[Unavailable],
) -> Received:
    try:
        # A provider stamps with the real time, whatever time this process lives in.
        event = rt.payment_events[provider].verify(headers, await request.body(), wall_clock())
    except EventsNotConfigured:
        raise not_configured from None
    except SignatureInvalid:
        raise WrongSignature from None
    async with rt.database.begin() as session:
        await store(session, provider, event, rt.clock())
    return Received()
