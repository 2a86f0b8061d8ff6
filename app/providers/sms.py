"""SMS by any gateway with an HTTP POST, whose address, token, sender and body are settings.

The body is a template with `{to}`, `{sender}` and `{text}`, as JSON or as a form. Gateways report only that they
accepted a message, so a lost answer stays ambiguous.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

import httpx

from app.core.settings import Settings
from app.messaging.channel import Address, MessageChannel, SendResult, TransportError
from app.messaging.outbox.sms_segments import segments
from app.messaging.rules import Refusal
from app.texts.message import Outgoing

MOST_SEGMENTS: Final = 6
"""Gateways cut longer texts."""
_PLACE: Final = re.compile(r"\{(to|sender|text)\}")
ANSWER_SECONDS: Final = 15.0
_CONNECT_SECONDS: Final = 5.0
_BY_STATUS: Final = {
    401: Refusal.CREDENTIALS,
    402: Refusal.BLOCKED,
    403: Refusal.CREDENTIALS,
    404: Refusal.CREDENTIALS,
    408: Refusal.AMBIGUOUS,
    429: Refusal.BACK_OFF,
    500: Refusal.TRANSIENT,
}
"""Refusals by HTTP status; another 5xx is a proxy's, another 4xx is about this message."""


@dataclass(frozen=True, slots=True)
class Sms:
    """Sends by one gateway."""

    http: httpx.AsyncClient
    url: str
    token: str
    sender: str
    body: str
    answer_seconds: float = ANSWER_SECONDS

    async def send(self, message_id: UUID, address: Address, outgoing: Outgoing) -> SendResult:
        """Send one text. Raises `TransportError`."""
        if address.phone is None:
            raise TransportError(Refusal.PERMANENT, code="no_phone")
        text = (outgoing.short or outgoing.text).replace("*", "")
        if (units := segments(text)) > MOST_SEGMENTS:
            raise TransportError(Refusal.PERMANENT, code="over_limit")
        values = {"to": address.phone, "sender": self.sender, "text": text}
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers["Idempotency-Key"] = str(message_id)
        timeout = httpx.Timeout(self.answer_seconds, connect=_CONNECT_SECONDS)
        try:
            response = await self.http.post(
                self.url, headers=headers, timeout=timeout, **self._filled(values)
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TransportError(Refusal.UNSENT, code=type(error).__name__) from error
        except httpx.HTTPError as error:
            raise TransportError(Refusal.AMBIGUOUS, code=type(error).__name__) from error
        if not response.is_success:
            raise TransportError(
                _refusal_of(response.status_code), code=f"http_{response.status_code}"
            )
        return SendResult(None, units)

    def _filled(self, values: dict[str, str]) -> dict[str, Any]:
        """Fill in the parsed body, so that no text can change its structure."""
        if self.body.lstrip().startswith("{"):
            return {"json": _fill(json.loads(self.body), values)}
        return {"data": {name: _fill(value, values) for name, value in parse_qsl(self.body)}}


def _fill(part: Any, values: dict[str, str]) -> Any:
    if isinstance(part, dict):
        return {name: _fill(inner, values) for name, inner in part.items()}
    if isinstance(part, list):
        return [_fill(inner, values) for inner in part]
    if isinstance(part, str):
        # In one pass, so that placeholders in a text are not filled in.
        return _PLACE.sub(lambda found: values[found[1]], part)
    return part


def _refusal_of(status: int) -> Refusal:
    known = _BY_STATUS.get(status)
    return known or (Refusal.GATEWAY if status >= 500 else Refusal.PERMANENT)


def sms_channel(settings: Settings, http: httpx.AsyncClient) -> MessageChannel | None:
    """Return the channel, or None when no gateway is set."""
    if not settings.sms_url:
        return None
    token = settings.sms_token.get_secret_value() if settings.sms_token else ""
    sms = Sms(http, settings.sms_url, token, settings.sms_sender, settings.sms_body)
    return MessageChannel(sms)
