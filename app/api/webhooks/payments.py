"""Webhooks of the payment providers, an address each: verified, stored, acknowledged; handled after.

Every provider that has a secret here is believed, whichever of them sells: refunds, disputes and late payments of
the one before still arrive.
"""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from app.api.http.dependencies import operation_id, runtime_of
from app.api.http.problems import problems
from app.api.webhooks.answer import RECEIVED, Direct, Received
from app.core.errors import Unauthenticated, Unavailable
from app.payments.events import webhook_of
from app.payments.provider import EventsNotConfigured, SignatureInvalid
from app.runtime import wall_clock

router = APIRouter(
    prefix="/api/webhooks", tags=["webhooks"], generate_unique_id_function=operation_id
)


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


async def receive_stripe(request: Request) -> Response:
    """Store one event of Stripe, signed over the raw bytes; a bad signature stores nothing."""
    return await _receive(request, "stripe", StripeNotConfigured)


async def receive_razorpay(request: Request) -> Response:
    """Store one event of Razorpay, signed over the raw bytes; a bad signature stores nothing."""
    return await _receive(request, "razorpay", RazorpayNotConfigured)


async def _receive(request: Request, provider: str, not_configured: type[Unavailable]) -> Response:
    runtime = runtime_of(request)
    body = await request.body()
    try:
        # A provider stamps with the real time, whatever time this process lives in.
        event = runtime.payment_events[provider].verify(request.headers, body, wall_clock())
    except EventsNotConfigured:
        raise not_configured from None
    except SignatureInvalid:
        raise WrongSignature from None
    await runtime.group_commit.store(webhook_of(provider, event, body))
    return RECEIVED


def _header(name: str, description: str, longest: int) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", "maxLength": longest, "default": "", "title": name},
    }


_OF_STRIPE: Final = [_header("stripe-signature", "Stripe's signature of the body's bytes.", 4_096)]
_OF_RAZORPAY: Final = [
    _header(
        "x-razorpay-signature",
        "HMAC-SHA256 of the body's bytes with the webhook's secret, in hexadecimal.",
        4_096,
    ),
    _header(
        "x-razorpay-event-id",
        "Razorpay's id of the event; sent again, it has the same.",
        160,
    ),
]

for _path, _endpoint, _not_configured, _parameters in (
    ("/stripe", receive_stripe, StripeNotConfigured, _OF_STRIPE),
    ("/razorpay", receive_razorpay, RazorpayNotConfigured, _OF_RAZORPAY),
):
    router.add_api_route(
        _path,
        _endpoint,
        methods=["POST"],
        response_model=Received,
        responses=problems(WrongSignature, _not_configured),
        openapi_extra={"parameters": _parameters},
        route_class_override=Direct,
    )
