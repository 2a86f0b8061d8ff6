"""WhatsApp's webhook: verified over the raw bytes, stored, acknowledged; understood afterwards."""

import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse

from app.api.http.dependencies import Rt, operation_id, runtime_of
from app.api.http.problems import problems
from app.api.webhooks.answer import RECEIVED, Direct, Received
from app.core.errors import Forbidden, Unauthenticated, Unavailable
from app.core.settings import Settings
from app.messaging.inbox.group_commit import of_whatsapp
from app.providers.whatsapp.location_pins import without_exact_pins
from app.providers.whatsapp.signature import SIGNATURE_HEADER, signature_fits

router = APIRouter(
    prefix="/api/webhooks", tags=["webhooks"], generate_unique_id_function=operation_id
)


class WhatsAppNotConfigured(Unavailable):
    """Without the app secret nothing that arrives can be believed."""

    code = "whatsapp_not_configured"
    detail = "WhatsApp is not configured here: set WHATSAPP_APP_SECRET and WHATSAPP_VERIFY_TOKEN."
    remedy = "Set the secrets of WhatsApp; .env.example names them."


class BadSignature(Unauthenticated):
    """These bytes were not signed with the app secret."""

    code = "bad_signature"
    detail = "X-Hub-Signature-256 does not fit the body; nothing was stored."
    remedy = "Sign the bytes of the body as they are sent, with the secret configured here."


class WrongVerifyToken(Forbidden):
    """Whoever subscribes does not know the verify token."""

    code = "wrong_verify_token"
    detail = "hub.verify_token is not the one configured here."
    remedy = "Send the verify token that is configured here."


def _secret(settings: Settings) -> str:
    if not settings.whatsapp_secret:
        raise WhatsAppNotConfigured
    return settings.whatsapp_secret


@router.get(
    "/whatsapp",
    response_class=PlainTextResponse,
    responses=problems(WrongVerifyToken, WhatsAppNotConfigured),
)
async def verify_whatsapp(
    rt: Rt,
    mode: Annotated[
        str, Query(alias="hub.mode", max_length=64, description="Must be `subscribe`.")
    ] = "",
    token: Annotated[
        str,
        Query(
            alias="hub.verify_token",
            max_length=1_024,
            description="The verify token configured here.",
        ),
    ] = "",
    challenge: Annotated[
        str, Query(alias="hub.challenge", max_length=1_024, description="What is answered.")
    ] = "",
) -> PlainTextResponse:
    """Answer WhatsApp's question whether this address is ours."""
    expected = rt.settings.whatsapp_verification
    if not expected:
        raise WhatsAppNotConfigured
    if mode != "subscribe" or not hmac.compare_digest(expected.encode(), token.encode()):
        raise WrongVerifyToken
    return PlainTextResponse(challenge)


_SIGNATURE: dict[str, Any] = {
    "parameters": [
        {
            "name": SIGNATURE_HEADER,
            "in": "header",
            "required": False,
            "description": "`sha256=` and the HMAC-SHA256 of the body's bytes, in hexadecimal.",
            "schema": {"anyOf": [{"type": "string"}, {"type": "null"}], "title": SIGNATURE_HEADER},
        }
    ]
}


async def receive_whatsapp(request: Request) -> Response:
    """Keep what WhatsApp sends and say so at once; the same bytes again are one event."""
    runtime = runtime_of(request)
    body = await request.body()
    if not signature_fits(_secret(runtime.settings), body, request.headers.get(SIGNATURE_HEADER)):
        raise BadSignature
    await runtime.group_commit.store(of_whatsapp(without_exact_pins(body)))
    return RECEIVED


router.add_api_route(
    "/whatsapp",
    receive_whatsapp,
    methods=["POST"],
    response_model=Received,
    responses=problems(BadSignature, WhatsAppNotConfigured),
    openapi_extra=_SIGNATURE,
    route_class_override=Direct,
)
