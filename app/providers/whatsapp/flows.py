"""The form for availability as a Flow of the platform; `availability_form` fills it in.

A published Flow can't be changed, so its name contains a hash of its layout.
"""

import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Final

from app.core.errors import Unavailable
from app.providers.whatsapp.client import Json, WhatsApp

CATEGORY: Final = "OTHER"
PUBLISHED: Final = "PUBLISHED"
_NAME: Final = "partimer_availability"


@cache
def layout() -> str:
    """Return the Flow's JSON, which includes the version of its format."""
    path = files("app.providers.whatsapp").joinpath("data/availability_form.json")
    return json.dumps(json.loads(path.read_text("utf-8")), separators=(",", ":"))


def name() -> str:
    """Return the name under which this layout is registered."""
    return f"{_NAME}_{hashlib.sha256(layout().encode()).hexdigest()[:8]}"


def definition() -> Json:
    """Return the Flow in the shape of the platform's creation call."""
    return {"name": name(), "categories": [CATEGORY], "flow_json": layout(), "publish": True}


async def register(whatsapp: WhatsApp, account_id: str) -> str:
    """Register this layout unless it is registered; return its id.

    Raises `TransportError`, and `Unavailable` where the platform rejects it.
    """
    for found in await whatsapp.flows(account_id):
        if found.get("name") == name() and found.get("status") == PUBLISHED:
            return str(found["id"])
    answer = await whatsapp.create_flow(account_id, definition())
    if faults := answer.get("validation_errors"):
        raise Unavailable(f"WhatsApp finds fault with the form: {faults}.", code="flow_refused")
    return str(answer["id"])


async def problem(whatsapp: WhatsApp, account_id: str, flow_id: str) -> str | None:
    """Return what is wrong with the registered form, or None. Raises `TransportError`."""
    if not flow_id:
        return "WHATSAPP_AVAILABILITY_FLOW_ID is not set: free times are chosen from a list."
    by_id = {str(found.get("id")): found for found in await whatsapp.flows(account_id)}
    found = by_id.get(flow_id)
    if found is None:
        return f"There is no Flow {flow_id}: register it."
    if found.get("status") != PUBLISHED:
        return f"The Flow {flow_id} is not published but {found.get('status')}."
    if found.get("name") != name():
        return f"The Flow {flow_id} is of another version: register this one."
    return None
