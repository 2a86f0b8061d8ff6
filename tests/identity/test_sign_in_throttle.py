"""Wrong passwords wait longer and longer, and no stranger keeps an owner out."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx
import pytest

from app.clock_repair import repair
from app.identity import sign_in_throttle
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok, refused
from tests.support.sign_in import newest_reset_token, reset

pytestmark = pytest.mark.both_databases  # tries are counted by other statements on each

EMAIL = "owner@example.com"


@pytest.fixture
def limited(
    database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> Iterator[World]:
    """A Partimer that counts tries; the limits of a minute are out of the way."""
    with world_with(database_url, rate_limits="on") as world:
        world.runtime.limiter._strategy = _Never()  # type: ignore[assignment]
        yield world


class _Never:
    """Limits of a minute count wall-clock time, which these tests do not wait for."""

    async def hit(self, *_: object) -> bool:
        return True


def sign_in(
    world: World, password: str, email: str = EMAIL, *, address: str | None = None
) -> httpx.Response:
    body = {"role": "employer", "email": email, "password": password}
    headers = {"X-Forwarded-For": address} if address else {}
    return world.http.post("/api/auth/login", json=body, headers=headers)


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_the_wait_grows_alike_for_an_account_that_is_not_there(limited: World, email: str) -> None:
    limited.employer(email=EMAIL)
    for _ in range(10):
        refused(sign_in(limited, "a wrong sentence", email), 401, "invalid_credentials")
    for wait in (30, 60, 120):
        answer = sign_in(limited, PASSWORD, email)
        refused(answer, 429, "rate_limited")
        assert wait - 1 <= int(answer.headers["retry-after"]) <= wait + 1
        limited.clock.advance(seconds=wait)
        refused(sign_in(limited, "a wrong sentence", email), 401, "invalid_credentials")


def test_the_right_password_begins_anew(limited: World) -> None:
    limited.employer(email=EMAIL)
    for _ in range(2):
        for _ in range(9):
            refused(sign_in(limited, "a wrong sentence"), 401, "invalid_credentials")
        ok(sign_in(limited, PASSWORD))


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_a_guess_from_each_of_many_addresses_waits_longer_and_longer(
    limited: World, email: str
) -> None:
    limited.employer(email=EMAIL)
    addresses = (f"198.51.100.{number}" for number in itertools.count())

    def guess() -> httpx.Response:
        return sign_in(limited, "a wrong sentence", email, address=next(addresses))

    for _ in range(sign_in_throttle.UNKNOWN_ADDRESSES.free):
        refused(guess(), 401, "invalid_credentials")
    for wait in (30, 60, 120, 240):
        answer = guess()
        refused(answer, 429, "rate_limited")
        assert wait - 1 <= int(answer.headers["retry-after"]) <= wait + 1
        limited.clock.advance(seconds=wait)
        refused(guess(), 401, "invalid_credentials")


def test_guesses_from_everywhere_keep_strangers_out_and_not_the_owner(limited: World) -> None:
    signed_in = limited.employer(email=EMAIL)
    ok(sign_in(limited, PASSWORD))  # from here, which is known from now on
    for number in range(sign_in_throttle.UNKNOWN_ADDRESSES.free):
        address = f"198.51.100.{number}"
        refused(sign_in(limited, "a wrong sentence", address=address), 401, "invalid_credentials")
    refused(sign_in(limited, PASSWORD, address="198.51.100.200"), 429, "rate_limited")
    ok(signed_in.get("/api/auth/me"))  # who is signed in notices nothing
    refused(sign_in(limited, "a wrong sentence"), 401, "invalid_credentials")
    ok(sign_in(limited, PASSWORD))


def test_an_owner_at_a_new_address_comes_in_by_the_mailbox(limited: World) -> None:
    limited.employer(email=EMAIL)
    for _ in range(10):
        refused(sign_in(limited, "a wrong sentence"), 401, "invalid_credentials")
    refused(sign_in(limited, PASSWORD), 429, "rate_limited")
    ok(limited.http.post("/api/auth/password/forgot", json={"email": EMAIL}), 202)
    ok(reset(limited, newest_reset_token(limited), "another long sentence"), 204)
    ok(sign_in(limited, "another long sentence"))


def test_a_clock_that_ran_ahead_shuts_nobody_out_for_as_long(limited: World) -> None:
    limited.employer(email=EMAIL)
    limited.clock.advance(days=10)
    for _ in range(10):
        refused(sign_in(limited, "a wrong sentence"), 401, "invalid_credentials")
    limited.clock.advance(days=-10)
    answer = sign_in(limited, PASSWORD)
    refused(answer, 429, "rate_limited")
    assert (
        int(answer.headers["retry-after"])
        <= sign_in_throttle.PER_ADDRESS.longest.total_seconds() + 1
    )
    limited.in_session(lambda session: repair(session, limited.clock.now, 100))
    ok(sign_in(limited, PASSWORD))
