"""Our templates as the platform registers them; their texts are in `app.texts`."""

from dataclasses import dataclass
from typing import Any, Final

from app.providers.whatsapp.client import Json, WhatsApp
from app.texts.catalogue import AUTHENTICATION, TemplateText, templates

CODE_MINUTES: Final = 5
"""How long a code is valid, which the platform writes below it."""


def definitions() -> list[Json]:
    """Return every template in the shape of the platform's creation call."""
    return [definition(template) for template in templates()]


def definition(template: TemplateText) -> Json:
    """Return one template in the shape of the platform's creation call."""
    if template.category == AUTHENTICATION:
        # The platform writes the text itself.
        components: list[Json] = [
            {"type": "BODY", "add_security_recommendation": True},
            {"type": "FOOTER", "code_expiration_minutes": CODE_MINUTES},
            {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
        ]
    else:
        components = [{"type": "BODY", "text": template.text}]
        if template.examples:
            components[0]["example"] = {"body_text": [list(template.examples)]}
        if template.buttons:
            buttons = [{"type": "QUICK_REPLY", "text": title} for title in template.buttons]
            components.append({"type": "BUTTONS", "buttons": buttons})
    return {
        "name": template.name,
        "language": template.language,
        "category": template.category.upper(),
        "components": components,
    }


@dataclass(frozen=True)
class Difference:
    """A template that differs between us and the platform."""

    name: str
    language: str
    what: str
    """`missing`, `not_approved` or `other_text`."""


async def compare(whatsapp: WhatsApp, account_id: str) -> list[Difference]:
    """Return the templates that differ from what is registered. Raises `TransportError`."""
    registered = {
        (found.get("name"), found.get("language")): found
        for found in await whatsapp.templates(account_id)
    }
    differences = []
    for template in templates():
        found = registered.get((template.name, template.language))
        if found is None:
            what = "missing"
        elif found.get("status") != "APPROVED":
            what = "not_approved"
        elif template.category != AUTHENTICATION and _body(found) != template.text:
            what = "other_text"
        else:
            continue
        differences.append(Difference(template.name, template.language, what))
    return differences


async def register(whatsapp: WhatsApp, account_id: str) -> list[str]:
    """Register the templates that are missing; return their names. Raises `TransportError`."""
    missing = {
        (difference.name, difference.language)
        for difference in await compare(whatsapp, account_id)
        if difference.what == "missing"
    }
    made = []
    for template in templates():
        if (template.name, template.language) in missing:
            await whatsapp.create_template(account_id, definition(template))
            made.append(f"{template.name} ({template.language})")
    return made


def _body(registered: dict[str, Any]) -> str | None:
    for component in registered.get("components", []):
        if isinstance(component, dict) and str(component.get("type")).upper() == "BODY":
            return component.get("text")
    return None
