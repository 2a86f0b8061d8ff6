"""Worlds for the acceptance tests: one for a whole file wherever its tests don't disturb each other."""

import pytest

from tests.support.app_harness import World


@pytest.fixture(scope="module")
def town(world_of_file: World) -> World:
    """One running Partimer for the whole file, once on each database; tests bring their own people."""
    return world_of_file


@pytest.fixture(scope="module")
def village(shared_world: World) -> World:
    """One running Partimer on SQLite for the whole file: for what no database changes."""
    return shared_world
