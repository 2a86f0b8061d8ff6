"""The OpenAPI document, generated on first use from the routes and the error classes."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.api.http import examples
from app.api.http.error_codes import error_codes
from app.api.http.problems import CODES, MEDIA_TYPE, ErrorCode, Problem

type Json = dict[str, Any]

REFS = "#/components/schemas/"
_PAGE = re.compile(r"\bPage_(\w+)_(?!\w)")

_ALWAYS = (
    "malformed_request",
    "unknown_host",
    "body_too_large",
    "headers_too_large",
    "too_slow",
    "overloaded",
    "invalid",
    "rate_limited",
    "rate_limiter_unavailable",
    "database_unavailable",
    "policy_unreadable",
    "internal_error",
)
"""Codes of every operation."""
_SIGNED_IN = (
    "not_authenticated",
    "invalid_token",
    "token_expired",
    "session_ended",
    "second_factor_required",
    "sessions_unavailable",
)
"""Codes of every operation that needs an access token."""
_FOR_ONE_ROLE = ("wrong_role",)
_EVERY_ROLE = ("/api/auth/",)
"""Path prefixes of routes that are open to every role."""
_WRITING = ("outcome_unknown",)
"""Codes of every operation that writes: the answer to its COMMIT may be lost."""
_WITH_KEY = ("idempotency_key_reused",)
"""Codes of every operation that takes an `Idempotency-Key`."""


def build(application: FastAPI) -> Json:
    """Return the document of `application`; later calls return the same one."""
    if application.openapi_schema is None:
        application.openapi_schema = _build(application)
    return application.openapi_schema


def _build(application: FastAPI) -> Json:
    document: Json = _named_pages(
        get_openapi(
            title=application.title,
            version=application.version,
            description=application.description,
            routes=application.routes,
        )
    )
    codes = error_codes()
    models = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        models.pop(unused, None)
    models |= _problem(codes)
    statuses = {error.code: error.status for error in codes}
    for method, path, operation in _operations(document):
        operation.setdefault("security", [])
        _exemplify(operation, models)
        _document_errors(method, path, operation, statuses)
    return document


def _named_pages(document: Json) -> Json:
    """Return the document with a page of offers called OfferPage."""

    def named(value: Any) -> Any:
        match value:
            case dict():
                return {_PAGE.sub(r"\1Page", key): named(each) for key, each in value.items()}
            case list():
                return [named(each) for each in value]
            case str() if value.startswith(REFS):
                return _PAGE.sub(r"\1Page", value)
        return value

    renamed: Json = named(document)
    return renamed


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _problem(codes: Sequence[ErrorCode]) -> Json:
    """Return the models of an error response, with `code` as an enumeration."""
    problem = Problem.model_json_schema(ref_template=f"{REFS}{{model}}")
    models = {"Problem": problem, **problem.pop("$defs", {})}
    description = problem["properties"]["code"]["description"]
    problem["properties"]["code"] = {"$ref": f"{REFS}ErrorCode", "description": description}
    meanings = "\n".join(
        f"- `{each.code}` ({each.status}): {each.when} {each.remedy}" for each in codes
    )
    models["ErrorCode"] = {
        "title": "ErrorCode",
        "type": "string",
        "enum": list(dict.fromkeys(each.code for each in codes)),
        "description": f"Every code, when it is answered, and what to do then.\n\n{meanings}",
    }
    return models


def _exemplify(operation: Json, models: Json) -> None:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        found = examples.bodies(content["schema"], models)
        content["examples"] = {name: {"value": value} for name, value in found.items()}


def _document_errors(method: str, path: str, operation: Json, statuses: Mapping[str, int]) -> None:
    """List the possible codes of each error response."""
    answers = operation["responses"]
    general = {*_ALWAYS, *(() if method == "get" else _WRITING)}
    if operation["security"]:
        general.update(_SIGNED_IN)
        general.update(() if path.startswith(_EVERY_ROLE) else _FOR_ONE_ROLE)
    if any(each["name"].lower() == "idempotency-key" for each in operation.get("parameters", ())):
        general.update(_WITH_KEY)
    possible: dict[int, set[str]] = defaultdict(set)
    for code in general:
        possible[statuses[code]].add(code)
    for refused in [name for name in answers if name.isdigit() and int(name) >= 400]:
        possible[int(refused)].update(answers.pop(refused).get(CODES, ()))
    for status, codes in sorted(possible.items()):
        listed = ", ".join(f"`{code}`" for code in sorted(codes))
        answers[str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {listed}",
            "content": {MEDIA_TYPE: {"schema": {"$ref": f"{REFS}Problem"}}},
            CODES: sorted(codes),
        }
