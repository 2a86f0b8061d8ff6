"""Examples of request bodies, made from the `examples` of their fields. Pure.

An optional field without an example is left out.
"""

from collections.abc import Mapping
from typing import Any

type Schema = Mapping[str, Any]

_BY_FORMAT = {
    "uuid": "01936d5e-7c00-7000-8000-000000000000",
    "date-time": "2026-11-22T09:30:00Z",
    "date": "2026-12-05",
}


def bodies(schema: Schema, models: Mapping[str, Schema]) -> dict[str, Any]:
    """Return the examples of a body by name: one, or one for each variant."""
    if "discriminator" not in schema:
        return {"example": _value(schema, models)}
    key = schema["discriminator"]["propertyName"]
    forms = schema["discriminator"]["mapping"].items()
    return {form: _value({"$ref": ref}, models) | {key: form} for form, ref in sorted(forms)}


def _value(schema: Schema, models: Mapping[str, Schema]) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return _value(models[schema["$ref"].rpartition("/")[2]], models)
    for kind in ("anyOf", "oneOf"):
        if kind in schema:
            return _value(next(each for each in schema[kind] if each.get("type") != "null"), models)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    return _plain(schema, models)


def _plain(schema: Schema, models: Mapping[str, Schema]) -> Any:
    match schema.get("type"):
        case "object":
            needed = schema.get("required", ())
            return {
                name: _value(field, models)
                for name, field in schema.get("properties", {}).items()
                if name in needed or "examples" in field
            }
        case "array":
            return [_value(schema["items"], models)]
        case "boolean":
            return True
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
    return _BY_FORMAT.get(schema.get("format", ""), "text")
