"""The pinned requirements are exactly what the written ones need: none missing, none left over.

Worked out from the installed packages themselves, so that it needs no network.
"""

import ast
import re
from importlib.metadata import PackageNotFoundError, packages_distributions, version

import pytest
from packaging.utils import canonicalize_name

from tests.architecture.source import python_files
from tests.infra.requirements import needed, pinned, written
from tests.infra.run import ROOT


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_pins_are_what_is_written_and_all_of_it(name: str) -> None:
    roots, pins = written(ROOT / f"{name}.in"), pinned(ROOT / f"{name}.txt")
    for root in roots:
        pin = pins.get(canonicalize_name(root.name))
        assert pin is not None, f"{root} is not pinned: make lock"
        assert root.specifier.contains(next(iter(pin.specifier)).version), f"{pin}: make lock"
    here = {key for key, pin in pins.items() if pin.marker is None or pin.marker.evaluate()}
    try:
        assert needed(roots) == here, "make lock"
    except PackageNotFoundError as missing:
        pytest.fail(f"{missing} is needed and not installed")


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_pin_has_one_version_and_hashes(name: str) -> None:
    text = re.sub(r"\\\n\s*", " ", (ROOT / f"{name}.txt").read_text())
    pins = [line for line in text.splitlines() if line[:1].isalnum()]
    assert pins
    for line in pins:
        assert re.match(r"[\w.-]+==[\w.]+ +(; .+? )?(--hash=sha256:[0-9a-f]{64}\s*)+$", line), line


def test_development_pins_the_same_versions_as_the_product() -> None:
    product, development = (pinned(ROOT / f"requirements{kind}.txt") for kind in ("", "-dev"))
    assert {name: development.get(name) for name in product} == product


def test_what_is_installed_is_what_is_pinned() -> None:
    pins = pinned(ROOT / "requirements-dev.txt")
    for name, pin in pins.items():
        if pin.marker is None or pin.marker.evaluate():
            assert pin.specifier.contains(version(name), prereleases=True), f"{pin}: make test"


UNSEEN = {
    "uvicorn": "the server imports the app, not the other way round",
    "python-multipart": "the framework imports it for forms",
    "tzdata": "the standard library reads it where the system has no time zones",
    "psycopg": "named in the database's URL",
    "asyncpg": "named in the database's URL",
    "alembic": "a command, and migrations",
    "uharfbuzz": "fpdf2 imports it to shape text",
    "fastapi-offline": "only its files are served, those of Swagger UI",
}
"""What the product needs though no line imports it."""


def test_the_product_imports_what_it_asks_for_and_asks_for_what_it_imports() -> None:
    """Nothing of the tests' in the image, nothing nobody uses, nothing borrowed from another's need."""
    made_by = packages_distributions()
    imported: dict[str, str] = {}
    for source in python_files("app", "sandbox", "migrations"):
        for node in source.nodes:
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                for distribution in made_by.get(name.split(".")[0], []):
                    imported[canonicalize_name(distribution)] = f"{source.name} imports {name}"
    written_names = {canonicalize_name(each.name) for each in written(ROOT / "requirements.in")}
    pins = set(pinned(ROOT / "requirements.txt"))
    assert not [where for name, where in imported.items() if name not in pins]
    assert written_names - set(imported) <= set(UNSEEN), "nobody uses it: take it out"
