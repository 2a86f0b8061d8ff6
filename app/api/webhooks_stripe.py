"""Stripe's webhook: verified, stored, acknowledged; handled after."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import Field

from app.api.deps import Route, Rt
from app.api.problems import problems
from app.core.errors import Unauthenticated, Unavailable
from app.core.schema import Answer
from app.payments.events import store
from app.providers.stripe import SignatureInvalid, verified_event
from app.runtime import wall_clock

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"], route_class=Route)


class Received(Answer):
    """The event is stored."""

    received: bool = Field(default=True, description="Whether the event is stored.")


@router.post("/stripe", responses=problems(401, 503))
async def stripe_webhook(
    request: Request,
    rt: Rt,
    stripe_signature: Annotated[
        str, Header(max_length=4_096, description="Stripe's signature of the body's bytes.")
    ] = "",
) -> Received:
    """Store one event of Stripe, signed over the raw bytes; a bad signature stores nothing."""
    secrets = rt.settings.stripe_webhook_secrets
    if not secrets:
        raise Unavailable("Stripe is not set up on this server.", code="stripe_not_configured")
    try:
        # Stripe stamps with the real time, whatever time this process lives in.
        event = verified_event(await request.body(), stripe_signature, secrets, wall_clock())
    except SignatureInvalid:
        raise Unauthenticated(
            "The signature does not fit the body.", code="bad_signature"
        ) from None
    async with rt.database.begin() as session:
        await store(session, event, rt.clock())
    return Received()
