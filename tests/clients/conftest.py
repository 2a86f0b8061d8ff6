"""Clients that are made from the OpenAPI document, against a running Partimer."""

import json
from pathlib import Path

import pytest

from tests.support.app_harness import World
from tests.support.assertions import ok


@pytest.fixture(scope="module")
def document_file(shared_world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document as the server gives it, in a file."""
    file = tmp_path_factory.mktemp("document") / "openapi.json"
    file.write_text(json.dumps(ok(shared_world.http.get("/openapi.json"))))
    return file
