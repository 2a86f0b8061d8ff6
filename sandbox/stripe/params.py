"""Form-encoded parameters: `a[b][0][c]=v` made into objects, and read with Stripe's complaints."""

import re
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl

from sandbox.store import Json
from sandbox.stripe.errors import StripeError

METADATA_KEYS = 50
METADATA_KEY_CHARACTERS = 40
METADATA_VALUE_CHARACTERS = 500
#: Stripe's largest charge: eight digits of minor units.
LARGEST_AMOUNT = 99_999_999
#: Of what an amount must be a multiple: currencies that lost their decimals, and those with three.
STEPS = {"isk": 100, "ugx": 100, **dict.fromkeys("bhd jod kwd omr tnd".split(), 10)}


def parse(encoded: str) -> Json:
    """A form or query as nested objects and lists. Raises StripeError 400 for a malformed key."""
    root: Json = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        path = re.findall(r"^[^\[\]]+|\[[^\[\]]*\]", key)
        if "".join(path) != key or len(path) > 10:
            raise StripeError(f"Invalid request: unable to parse parameter {key[:100]!r}.")
        _put(root, [part.strip("[]") for part in path], value)
    return {name: _listed(value) for name, value in root.items()}


def _put(node: Json, path: list[str], value: str) -> None:
    for part in path[:-1]:
        child = node.setdefault(part or str(len(node)), {})
        if not isinstance(child, dict):
            raise StripeError(f"Invalid request: {part!r} is both a value and an object.")
        node = child
    node[path[-1] or str(len(node))] = value


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    children = {name: _listed(value) for name, value in node.items()}
    if children and all(name.isdigit() for name in children):
        return [children[name] for name in sorted(children, key=int)]
    return children


def only(params: Json, known: Collection[str]) -> None:
    """Refuse what the endpoint does not take. Raises StripeError 400 `parameter_unknown`."""
    for name in params:
        if name not in known and name != "expand":
            raise StripeError(
                f"Received unknown parameter: {name}", code="parameter_unknown", param=name
            )


def modelled(params: Json, known: Collection[str], unmodelled: Collection[str]) -> None:
    """Refuse what the endpoint does not take, and what it takes and this stand-in does not model.

    Raises StripeError 400 `parameter_unknown`, or `parameter_not_modelled`, which Stripe never says.
    """
    for name in params:
        if name in unmodelled and params[name] not in ("", {"enabled": "false"}):
            raise StripeError(
                f"The sandbox does not model {name}.", code="parameter_not_modelled", param=name
            )
    only(params, {*known, *unmodelled})


def text(params: Json, name: str, *, required: bool = False) -> str | None:
    """A text, or None where it is left out or empty. Raises StripeError 400."""
    value = params.get(name)
    if value is None or value == "":
        if required:
            raise StripeError(
                f"Missing required param: {name}.", code="parameter_missing", param=name
            )
        return None
    if not isinstance(value, str):
        raise StripeError(f"Invalid string: {name}", code="parameter_invalid_string", param=name)
    if len(value) > 5000:
        raise StripeError(f"Invalid string: {name} is at most 5000 characters.", param=name)
    return value


def integer(params: Json, name: str) -> int | None:
    """A whole number, or None. Raises StripeError 400 `parameter_invalid_integer`."""
    value = params.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,15}", value):
        raise StripeError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value)


def flag(params: Json, name: str) -> bool:
    """A boolean, false where left out. Raises StripeError 400."""
    value = params.get(name, "false")
    if value not in ("true", "false"):
        raise StripeError(f"Invalid boolean: {value}", param=name)
    return bool(value == "true")


def child(params: Json, name: str) -> Json:
    """A nested object, empty where left out. Raises StripeError 400."""
    value = params.get(name)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise StripeError(f"Invalid object: {name}", param=name)
    return value


def one_of(params: Json, name: str, allowed: Collection[str]) -> str | None:
    """One of the words the endpoint knows, or None. Raises StripeError 400."""
    value = text(params, name)
    if value is not None and value not in allowed:
        words = ", ".join(sorted(allowed))
        raise StripeError(f"Invalid {name}: must be one of {words}", param=name)
    return value


def amount(params: Json, name: str, currency: str) -> int:
    """A charge in minor units, within Stripe's bounds. Raises StripeError 400."""
    value = integer(params, name)
    if value is None:
        raise StripeError(f"Missing required param: {name}.", code="parameter_missing", param=name)
    check_amount(value, currency, name)
    return value


def check_amount(value: int, currency: str, name: str) -> None:
    """Raises StripeError 400 `amount_too_small` or `amount_too_large`."""
    if value % STEPS.get(currency, 1):
        raise StripeError(
            f"Invalid amount: {currency} is charged in multiples of {STEPS[currency]}.",
            code="parameter_invalid_integer",
            param=name,
        )
    # Stripe's minimum is about 50 US cents; 50 minor units are right or lenient where we sell.
    if value < 50:
        raise StripeError(
            f"Amount must be at least 50 {currency} in minor units.",
            code="amount_too_small",
            param=name,
        )
    if value > LARGEST_AMOUNT:
        raise StripeError(
            f"Amount must be no more than {LARGEST_AMOUNT} {currency} in minor units.",
            code="amount_too_large",
            param=name,
        )


def currency(params: Json, name: str = "currency") -> str:
    """A currency code in lower case. Raises StripeError 400."""
    value = text(params, name, required=True)
    if value is None or not re.fullmatch(r"[A-Za-z]{3}", value):
        raise StripeError(f"Invalid currency: {value}.", param=name)
    return value.lower()


def metadata(params: Json, present: Json | None = None) -> Json:
    """Metadata merged into what is there; an empty value takes a key away.

    Raises StripeError 400 past Stripe's limits.
    """
    merged = dict(present or {})
    if params.get("metadata") == "":
        return {}
    given = child(params, "metadata")
    for key, value in given.items():
        if not isinstance(value, str):
            raise StripeError("Metadata values are strings.", param=f"metadata[{key}]")
        if len(key) > METADATA_KEY_CHARACTERS or len(value) > METADATA_VALUE_CHARACTERS:
            raise StripeError("Metadata key or value is too long.", param=f"metadata[{key}]")
        if value == "":
            merged.pop(key, None)
        else:
            merged[key] = value
    if len(merged) > METADATA_KEYS:
        raise StripeError(f"At most {METADATA_KEYS} metadata keys.", param="metadata")
    return merged
