"""The OpenAPI document: what a stranger reads, and what clients are generated from."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.core.settings import Settings
from app.main import create_app

METHODS = ("get", "put", "post", "delete")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    application = create_app(Settings(environment="test"), loops=False)
    return application.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each operation with its method and path in words."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_property_is_described(document: dict[str, Any]) -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, declared in schema.get("properties", {}).items()
        if not declared.get("description")
    ]
    assert silent == []


def test_every_parameter_is_described(document: dict[str, Any]) -> None:
    silent = [
        f"{where}: {parameter['name']}"
        for where, operation in operations(document)
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    assert silent == []
