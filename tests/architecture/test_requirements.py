"""The pinned requirements are exactly what the written ones need: none missing, none left over.

Worked out from the installed packages themselves, so that it needs no network.
"""

import re
from importlib.metadata import PackageNotFoundError, version

import pytest
from packaging.utils import canonicalize_name

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
