"""The WhatsApp Cloud API: the channel, and the registration of templates and Flows."""

import json
import re
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import aiohttp
from pydantic_core import to_json

from app.core.settings import Settings
from app.messaging.channel import Address, ChannelPolicy, MessageChannel, SendResult, TransportError
from app.messaging.rules import Refusal
from app.providers.whatsapp.errors import classify, code_of
from app.providers.whatsapp.fields import message_id as message_id_of
from app.providers.whatsapp.fields import phone
from app.providers.whatsapp.limits import people_a_day
from app.texts.catalogue import AUTHENTICATION, MARKETING
from app.texts.message import Form, Outgoing, Template

type Json = dict[str, Any]

ANSWER_SECONDS: Final = 15.0
"""After this an answer counts as lost; the platform takes well under a second."""
_CONNECT_SECONDS: Final = 5.0
_LIMIT_FIELDS: Final = "whatsapp_business_manager_messaging_limit,messaging_limit_tier"
FLOW_MESSAGE_VERSION: Final = "3"
POLICY: Final = ChannelPolicy(has_window=True, reports_delivery=True, free_form_category="service")
"""What the platform allows any number; the rate and the daily quota are settings."""
_BREAK: Final = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_SPACES: Final = 4
"""The spaces in a row that a template's value may have; line breaks and tabs are not allowed."""
_GAP: Final = re.compile(rf" {{{_SPACES + 1},}}")
_UNFIT: Final = re.compile(rf"{_BREAK.pattern}|{_GAP.pattern}|^\s|\s$")


class WhatsApp:
    """Sends from one number. `base` is the Graph API's address, without the version."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        base: str,
        version: str,
        token: str,
        number_id: str,
        answer_seconds: float = ANSWER_SECONDS,
        status_seconds: float | None = None,
    ) -> None:
        self._status_seconds = status_seconds
        self._timeout = aiohttp.ClientTimeout(total=answer_seconds, sock_connect=_CONNECT_SECONDS)
        self._http = http
        self._base = f"{base}/{version}"
        self._number = f"{self._base}/{number_id}"
        self._messages = f"{self._number}/messages"
        self._marketing = f"{self._number}/marketing_messages"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def send(self, message_id: UUID, address: Address, outgoing: Outgoing) -> SendResult:
        """Send one message. Raises `TransportError`."""
        body = to_wire(message_id, address, outgoing)
        template = outgoing.template
        marketing = template is not None and template.files_as == MARKETING
        answer = await self._post(self._marketing if marketing else self._messages, body)
        try:
            provider_id = answer["messages"][0]["id"]
        except (KeyError, IndexError, TypeError):
            # Accepted without an id: only a status can confirm it.
            raise TransportError(Refusal.AMBIGUOUS, code="no_message_id") from None
        return SendResult(message_id_of(provider_id), known_as=_known_as(answer, address))

    async def typing(self, provider_message_id: str) -> None:
        """Mark a person's message as read and show that an answer is coming. Raises as `send`."""
        body = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": provider_message_id,
            "typing_indicator": {"type": "text"},
        }
        await self._post(self._messages, body)

    async def daily_people(self) -> int | None:
        """Return how many people a day we may write to first; 0 for any number, None where not given.

        Raises `TransportError`.
        """
        return people_a_day(await self._call("GET", f"{self._number}?fields={_LIMIT_FIELDS}"))

    async def templates(self, account_id: str) -> list[Json]:
        """Return every registered template of a business account. Raises `TransportError`."""
        return await self._all(f"{account_id}/message_templates")

    async def create_template(self, account_id: str, definition: Json) -> None:
        """Register a template. Raises `TransportError`."""
        await self._post(f"{self._base}/{account_id}/message_templates", definition)

    async def flows(self, account_id: str) -> list[Json]:
        """Return every Flow of a business account. Raises `TransportError`."""
        return await self._all(f"{account_id}/flows")

    async def create_flow(self, account_id: str, definition: Json) -> Json:
        """Register a Flow; return the platform's answer. Raises `TransportError`."""
        return await self._post(f"{self._base}/{account_id}/flows", definition)

    async def _all(self, path: str) -> list[Json]:
        url: str | None = f"{self._base}/{path}?limit=100"
        found: list[Json] = []
        while url:
            answer = await self._call("GET", url)
            found += answer.get("data", [])
            url = answer.get("paging", {}).get("next")
        return found

    async def _post(self, url: str, body: Json) -> Json:
        return await self._call("POST", url, body)

    async def _call(self, method: str, url: str, body: Json | None = None) -> Json:
        data = to_json(body) if body is not None else None
        try:
            async with self._http.request(
                method,
                url,
                data=data,
                headers=self._headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                return self._read(response, await response.read())
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TransportError(Refusal.UNSENT, code=type(error).__name__) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TransportError(Refusal.AMBIGUOUS, code=type(error).__name__) from error

    def _read(self, response: aiohttp.ClientResponse, body: bytes) -> Json:
        """Return a successful answer's JSON. Raises `TransportError` for any other."""
        try:
            answer = json.loads(body)
        except (json.JSONDecodeError, UnicodeDecodeError):
            answer = None
        error = answer.get("error") if isinstance(answer, dict) else None
        taken = 200 <= response.status < 300
        if taken and isinstance(answer, dict) and error is None:
            return answer
        number = code_of(error) if isinstance(error, dict) else None
        if taken and number is None:
            raise TransportError(Refusal.AMBIGUOUS, code="not_json")
        raise TransportError(
            classify(number, response.status),
            code=str(number) if number is not None else f"http_{response.status}",
            retry_after_seconds=_seconds(response.headers.get("Retry-After")),
            status_seconds=self._status_seconds,
        )


def _known_as(answer: Json, address: Address) -> str | None:
    """Return the recipient's number as the platform writes it, where it differs from ours."""
    contacts = answer.get("contacts")
    contact = contacts[0] if isinstance(contacts, list) and len(contacts) == 1 else None
    known = contact.get("wa_id") if isinstance(contact, dict) else None
    if address.phone is None or not isinstance(known, str) or known == address.phone[1:]:
        return None
    return phone(known)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.strip().isdigit() else None


def build_whatsapp(settings: Settings, http: aiohttp.ClientSession) -> WhatsApp | None:
    """Return the WhatsApp client, or None when no token is set."""
    if settings.whatsapp_token is None:
        return None
    return WhatsApp(
        http,
        base=settings.whatsapp_url,
        version=settings.whatsapp_api_version,
        token=settings.whatsapp_token,
        number_id=settings.whatsapp_number,
        status_seconds=settings.whatsapp_status_seconds,
    )


def whatsapp_channel(settings: Settings, http: aiohttp.ClientSession) -> MessageChannel | None:
    """Return the channel, or None when no token is set."""
    if (whatsapp := build_whatsapp(settings, http)) is None:
        return None
    policy = replace(
        POLICY,
        # A test's clock stands still, and with it the slots of the rate.
        per_second=None if settings.environment == "test" else settings.whatsapp_pace,
        daily_people=settings.whatsapp_daily_people or None,
        ask_daily_people=whatsapp.daily_people,
        number_id=settings.whatsapp_number or None,
    )
    return MessageChannel(whatsapp, policy)


def to_wire(message_id: UUID, address: Address, outgoing: Outgoing) -> Json:
    """Return the body of the platform's send call."""
    body: Json = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "biz_opaque_callback_data": str(message_id),
    }
    if address.phone is not None:
        body["to"] = address.phone
    elif address.platform_id is not None:
        # In `to`, such an id would be accepted and silently dropped.
        body["recipient"] = address.platform_id
    else:
        raise TransportError(Refusal.PERMANENT, code="no_whatsapp_address")
    if outgoing.template is not None:
        return body | {"type": "template", "template": _template(outgoing.template)}
    if outgoing.buttons or outgoing.rows or outgoing.ask or outgoing.form:
        return body | {"type": "interactive", "interactive": _interactive(outgoing)}
    return body | {"type": "text", "text": {"body": outgoing.text, "preview_url": False}}


def _interactive(outgoing: Outgoing) -> Json:
    part: Json = {"body": {"text": outgoing.text}}
    if outgoing.footer:
        part["footer"] = {"text": outgoing.footer}
    if outgoing.buttons:
        buttons = [
            {"type": "reply", "reply": {"id": button.id, "title": button.title}}
            for button in outgoing.buttons
        ]
        return part | {"type": "button", "action": {"buttons": buttons}}
    if outgoing.form:
        return part | {"type": "flow", "action": _flow(outgoing.form)}
    if outgoing.rows:
        rows = []
        for row in outgoing.rows:
            wire = {"id": row.id, "title": row.title}
            rows.append(wire | ({"description": row.description} if row.description else {}))
        action = {"button": outgoing.rows_label, "sections": [{"rows": rows}]}
        return part | {"type": "list", "action": action}
    name, kind = {
        "location": ("send_location", "location_request_message"),
        "contact": ("request_contact_info", "request_contact_info"),
    }[outgoing.ask or ""]
    return part | {"type": kind, "action": {"name": name}}


def _flow(form: Form) -> Json:
    parameters: Json = {
        "flow_message_version": FLOW_MESSAGE_VERSION,
        "flow_id": form.id,
        "flow_token": form.token,
        "flow_cta": form.label,
        "flow_action": "navigate",
        "flow_action_payload": {"screen": form.screen, "data": dict(form.data)},
    }
    return {"name": "flow", "parameters": parameters}


def parameter(value: str) -> str:
    """Return a template's value as the platform accepts it: one line without long gaps (132018)."""
    if value and not _UNFIT.search(value):
        return value
    line = " ".join(part.strip() for part in _BREAK.split(value))
    return _GAP.sub(" " * _SPACES, line).strip() or "–"


def _template(template: Template) -> Json:
    parameters = [{"type": "text", "text": parameter(value)} for value in template.params]
    components: list[Json] = []
    if parameters:
        components.append({"type": "body", "parameters": parameters})
    if template.category == AUTHENTICATION:
        components.append(
            {"type": "button", "sub_type": "url", "index": "0", "parameters": parameters[:1]}
        )
    components += [
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": str(index),
            "parameters": [{"type": "payload", "payload": payload}],
        }
        for index, payload in enumerate(template.payloads)
    ]
    return {
        "name": template.name,
        "language": {"code": template.language},
        "components": components,
    }
