"""Flows: forms that open in the chat; created (and published at once where asked), listed, and shown.

A message names a Flow by its id and fills its texts in; `shown()` is the screen with all of that, as a
person sees it. What a Flow's JSON may hold is checked only as far as a message depends on it.
"""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.graph import limits
from sandbox.graph.errors import GraphError
from sandbox.store import Json, Store, dumps, loads

CATEGORIES = (
    "SIGN_UP SIGN_IN APPOINTMENT_BOOKING LEAD_GENERATION CONTACT_US CUSTOMER_SUPPORT SURVEY SHOPPING OTHER"
).split()
_OPEN = re.compile(r"\$\{data\.([A-Za-z0-9_]+)\}")


def create(store: Store, body: Mapping[str, Any]) -> Json:
    """Store a Flow. Raises GraphError 100 for what the platform refuses."""
    name, categories = body.get("name"), body.get("categories")
    if not isinstance(name, str) or not 1 <= len(name) <= limits.FLOW_NAME_CHARACTERS:
        raise GraphError(100, f"name has 1 to {limits.FLOW_NAME_CHARACTERS} characters.")
    if not isinstance(categories, list) or not categories or not set(categories) <= set(CATEGORIES):
        raise GraphError(100, f"categories are some of {', '.join(CATEGORIES)}.")
    layout = body.get("flow_json")
    problems = [] if layout is None else _problems(layout)
    publish = body.get("publish") is True
    if publish and layout is None:
        raise GraphError(100, "A Flow is published with its flow_json.")
    id_ = str(body.get("id") or uuid.uuid4().int)[:16]
    status = "PUBLISHED" if publish and not problems else "DRAFT"
    with store.write() as db:
        inserted = db.execute(
            "INSERT INTO flows (id, name, status, categories, layout) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (id_, name, status, dumps(categories), layout or "{}"),
        ).rowcount
    if not inserted:
        raise GraphError(100, f"Flow names are unique: there is {name}.")
    return {"id": id_, "success": not problems, "validation_errors": problems}


def seed(store: Store, wanted: Iterable[Mapping[str, Any]]) -> None:
    """Make the Flows that exist from the start, with the ids they are given."""
    with store.write() as db:
        for flow in wanted:
            db.execute("DELETE FROM flows WHERE id = ? OR name = ?", (flow["id"], flow["name"]))
            create(store, flow)


def listed(store: Store) -> list[Json]:
    """Every Flow, as the platform lists them."""
    rows = store.db.execute("SELECT * FROM flows ORDER BY name")
    return [
        {
            "id": row["id"],
            "name": row["name"],
            "status": row["status"],
            "categories": loads(row["categories"]),
            "validation_errors": [],
        }
        for row in rows
    ]


def check(store: Store, parameters: Mapping[str, Any]) -> None:
    """Check what a message says of its Flow. Raises GraphError 131008 and 131009."""
    flow = _flow(store, parameters)
    if flow is None or flow["status"] != "PUBLISHED":
        raise GraphError(131009, "flow_id or flow_name is that of a published Flow.")
    if not isinstance(parameters.get("flow_token", ""), str):
        raise GraphError(131009, "flow_token is text.")
    action = parameters.get("flow_action", "navigate")
    if action not in ("navigate", "data_exchange"):
        raise GraphError(131009, "flow_action is navigate or data_exchange.")
    payload = parameters.get("flow_action_payload")
    if action == "data_exchange":
        if payload is not None:
            raise GraphError(131009, "flow_action_payload goes with flow_action navigate.")
        return
    if not isinstance(payload, dict):
        raise GraphError(131008, "The parameter flow_action_payload is required.")
    screen = _screen(flow, payload)
    if screen is None:
        raise GraphError(131009, f"The Flow has no screen {payload.get('screen')!r}.")
    data = payload.get("data", {})
    if not isinstance(data, dict):
        raise GraphError(131009, "flow_action_payload.data is an object.")
    if missing := sorted(set(screen.get("data", {})) - set(data)):
        raise GraphError(131009, f"flow_action_payload.data lacks {', '.join(missing)}.")


def shown(store: Store, payload: Mapping[str, Any]) -> Json | None:
    """The form of a message as a person sees it: its fields with texts and choices; None without one.

    `answer` is what `POST _control/inbound` takes as `message`, with the fields still to be filled in.
    """
    interactive = payload.get("interactive")
    if not isinstance(interactive, dict) or interactive.get("type") != "flow":
        return None
    parameters = interactive["action"]["parameters"]
    flow = _flow(store, parameters)
    given = parameters.get("flow_action_payload") or {}
    screen = None if flow is None else _screen(flow, given)
    components = [] if screen is None else _filled(_components(screen), given.get("data", {}))
    names = [part["name"] for part in components if part.get("name")]
    return {
        "button": parameters.get("flow_cta"),
        "flow_id": parameters.get("flow_id"),
        "token": parameters.get("flow_token", ""),
        "title": None if screen is None else screen.get("title"),
        "fields": components,
        "answer": {"type": "flow_reply", "response": dict.fromkeys(names)},
    }


def with_layout(store: Store, payload: Json) -> Json:
    """The payload of a Flow message with the layout it opens beside its id, as `flow_json`."""
    if token_of(payload) is None:
        return payload
    interactive = payload["interactive"]
    parameters = interactive["action"]["parameters"]
    flow = _flow(store, parameters)
    layout = None if flow is None else json.loads(flow["layout"])
    action = {**interactive["action"], "parameters": {**parameters, "flow_json": layout}}
    return {**payload, "interactive": {**interactive, "action": action}}


def token_of(payload: Mapping[str, Any]) -> str | None:
    """The token of the Flow message with this payload, or None for any other message."""
    interactive = payload.get("interactive")
    if not isinstance(interactive, dict) or interactive.get("type") != "flow":
        return None
    return str(interactive["action"]["parameters"].get("flow_token", ""))


def _flow(store: Store, parameters: Mapping[str, Any]) -> Json | None:
    row = store.db.execute(
        "SELECT * FROM flows WHERE id = ? OR name = ?",
        (str(parameters.get("flow_id", "")), str(parameters.get("flow_name", ""))),
    ).fetchone()
    return None if row is None else dict(row)


def _screen(flow: Json, payload: Mapping[str, Any]) -> Json | None:
    screens: list[Json] = json.loads(flow["layout"]).get("screens", [])
    return next((screen for screen in screens if screen["id"] == payload.get("screen")), None)


def _components(part: Any) -> list[Json]:
    """The components of a layout in order, without the containers around them."""
    if isinstance(part, list):
        return [component for each in part for component in _components(each)]
    if not isinstance(part, dict):
        return []
    inner = part.get("layout", part.get("children"))
    return [part] if inner is None else _components(inner)


def _filled(part: Any, data: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_filled(each, data) for each in part]
    if isinstance(part, dict):
        return {name: _filled(value, data) for name, value in part.items()}
    if not isinstance(part, str):
        return part
    whole = _OPEN.fullmatch(part)
    if whole is not None:
        return data.get(whole[1], part)
    return _OPEN.sub(lambda found: str(data.get(found[1], found[0])), part)


def _problems(layout: Any) -> list[Json]:
    """What is wrong with a Flow's JSON, in the platform's manner."""
    try:
        value = json.loads(layout)
        ids = [str(screen["id"]) for screen in value["screens"]]
        ends = any(screen.get("terminal") for screen in value["screens"])
        version = str(value["version"])
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        return [_problem("INVALID_FLOW_JSON", "version and screens are required.")]
    found = []
    if not re.fullmatch(r"\d+\.\d+", version):
        found.append(_problem("INVALID_PROPERTY_VALUE", "version is a number such as 7.2."))
    if len(set(ids)) < len(ids) or not ids or not all(re.fullmatch(r"[A-Z_]+", id_) for id_ in ids):
        found.append(_problem("INVALID_PROPERTY_VALUE", "Screens have unique ids in capitals."))
    if not ends:
        found.append(_problem("MISSING_TERMINAL_SCREEN", "One screen is terminal."))
    return found


def _problem(error: str, message: str) -> Json:
    return {"error": error, "error_type": "FLOW_JSON_ERROR", "message": message}
