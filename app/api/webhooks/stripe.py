"""Stripe's webhook: verified, stored, acknowledged; handled after."""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from app.api.http.dependencies import Route, Rt
from app.api.http.problems import problems
from app.api.webhooks.answer import Received
from app.core.errors import Unauthenticated, Unavailable
from app.payments.events import store
from app.payments.provider import EventsNotConfigured, SignatureInvalid
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
    try:
        # The provider stamps with the real time, whatever time this process lives in.
        event = rt.payment_events.verify(await request.body(), stripe_signature, wall_clock())
    except EventsNotConfigured:
        raise StripeNotConfigured from None
    except SignatureInvalid:
        raise WrongSignature from None
    async with rt.database.begin() as session:
        await store(session, event, rt.clock())
    return Received()
