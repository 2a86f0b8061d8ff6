"""Secrets are replaced while people stay registered."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pydantic import SecretStr

from tests.support.app_harness import World
from tests.support.assertions import ok

OLD, NEW, NEWEST = (
    "the-first-secret-of-all-of-them-0123",
    "the-next-one-" * 3,
    "and-one-more-" * 3,
)
PROFILE = "/api/workers/profile"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"secret_key": OLD}, {"secret_key": NEW, "secret_keys_previous": OLD}),
        (
            {"secret_key": NEW, "secret_keys_previous": OLD},
            {"secret_key": NEWEST, "secret_keys_previous": f"{NEW} {OLD}"},
        ),
        ({"secret_key": OLD}, {"secret_key": NEW, "data_key": OLD}),
        (
            {"secret_key": OLD, "data_key": NEW},
            {"secret_key": OLD, "data_key": f"{NEWEST} {NEW}"},
        ),
        (
            {"secret_key": OLD, "data_key": NEWEST},
            {"secret_key": NEW, "secret_keys_previous": OLD, "data_key": NEWEST},
        ),
    ],
)
def test_with_other_secrets_a_worker_is_still_found_and_their_phone_read(
    before: dict[str, Any],
    after: dict[str, Any],
    sqlite_database_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
) -> None:
    """Were the index keyed by the newest secret, everybody would have to register again."""
    with world_with(sqlite_database_url, **secret(before)) as world:
        phone = str(world.worker().phone)
    with world_with(sqlite_database_url, **secret(after)) as world:
        ok(world.http.post("/api/auth/otp", json={"phone": phone}), 202)
        signed_in = world.sign_in_worker(phone)
        assert ok(signed_in.get(PROFILE))["phone"] == phone


def secret(values: dict[str, str]) -> dict[str, SecretStr]:
    return {name: SecretStr(value) for name, value in values.items()}
