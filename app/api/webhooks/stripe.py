"""Stripe's webhook: verified, stored, acknowledged; handled after."""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from app.api.http.dependencies import Route, Rt
from app.api.http.problems import problems
from app.api.webhooks.answer import Received
from app.core.errors import Unauthenticated, Unavailable
from app.payments.events import store
from app.providers.stripe.client import SignatureInvalid, verified_event
from app.runtime import wall_clock

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"], route_class=Route)


class StripeNotConfigured(Unavailable):
    """Without Stripe's webhook secret nothing that arrives can be believed."""

    code = "stripe_not_configured"
    detail = "Stripe is not set up on this server."
    remedy = "Set the secrets of Stripe; .env.example names them."


class WrongSignature(Unauthenticated):
    """These bytes were not signed with one of Stripe's webhook secrets."""

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
    secrets = rt.settings.stripe_webhook_secrets
    if not secrets:
        raise StripeNotConfigured
    try:
        # Stripe stamps with the real time, whatever time this process lives in.
        event = verified_event(await request.body(), stripe_signature, secrets, wall_clock())
    except SignatureInvalid:
        raise WrongSignature from None
    async with rt.database.begin() as session:
        await store(session, event, rt.clock())
    return Received()
