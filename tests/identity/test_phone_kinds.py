"""Only numbers that can be a person's mobile get codes; every door refuses the others alike."""

from typing import Any

import pytest
from sqlalchemy import func, select

from app.identity.models import OneTimeCode, User
from app.messaging.models import OutboxMessage
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.sign_in import employer_body, worker_body

SPECIAL = ["+19002345678", "+9118601234567", "+8816123456789", "+447012345678", "+81570012345"]
LANDLINE = "+912269876543"


def rows(world: World) -> tuple[int, ...]:
    async def count(session: Any) -> Any:
        tables = (User, OneTimeCode, OutboxMessage)
        return [await session.scalar(select(func.count()).select_from(table)) for table in tables]

    return tuple(world.in_session(count))


@pytest.mark.parametrize("phone", [*SPECIAL, LANDLINE])
def test_no_code_is_made_for_a_number_that_is_no_mobile(shared_world: World, phone: str) -> None:
    world, before = shared_world, rows(shared_world)
    bodies = {"otp": {"phone": phone}, "register/worker": worker_body(phone)}
    for path, body in bodies.items():
        problem = refused(
            world.http.post(f"/api/auth/{path}", json=body), 422, "phone_not_supported"
        )
        assert [error["field"] for error in problem["errors"]] == ["phone"]
        assert phone not in str(problem)
    assert rows(world) == before


@pytest.mark.parametrize("phone", SPECIAL)
def test_a_company_names_no_such_number_either(shared_world: World, phone: str) -> None:
    world, owner = shared_world, shared_world.employer()
    body = employer_body(email="special@example.com", phone=phone)
    answer = world.http.post("/api/auth/register/employer", json=body)
    refused(answer, 422, "phone_not_supported")
    answer = owner.put("/api/employers/profile", {"phone": phone})
    refused(answer, 422, "phone_not_supported")


def test_a_company_may_have_a_landline(shared_world: World) -> None:
    owner: Person = shared_world.employer(phone=LANDLINE)
    assert ok(owner.get("/api/employers/profile"))["phone"] == LANDLINE
    ok(owner.put("/api/employers/profile", {"phone": "+912269876544"}))


@pytest.mark.parametrize("phone", SPECIAL)
def test_the_codes_that_the_same_number_may_not_get_are_refused_for_a_known_account_too(
    shared_world: World, phone: str
) -> None:
    """Somebody registered before such numbers were refused."""
    worker = shared_world.worker(phone=phone, slots=[])
    answer = shared_world.http.post("/api/auth/otp", json={"phone": worker.phone})
    refused(answer, 422, "phone_not_supported")
