"""A company whose opener has left has a mailbox again: an owner sets it, confirms it, and may set another."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.messaging.models import PARAMS, OutboxMessage
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok, refused
from tests.support.page_reader import PageReader
from tests.support.team import TEAM, member_of, newest_member

PROFILE = "/api/employers/profile"
NEW = "books@cafe.example"


@pytest.fixture
def company(world: World) -> tuple[Person, Person]:
    """Who opened the company and has left, and an owner who stays."""
    opener = world.employer(verified=True)
    stays = member_of(world, opener, "owner")
    ok(stays.delete(f"{TEAM}/{opener.id}"), 204)
    return opener, stays


def links_to(world: World, company_id: str) -> list[str]:
    """Return the tokens of the links that were mailed to a company's mailbox, oldest first."""

    async def read(session: Any) -> list[str]:
        query = (
            select(OutboxMessage)
            .where(OutboxMessage.user_id == UUID(company_id), OutboxMessage.kind == "email_link")
            .order_by(OutboxMessage.id)
        )
        return [
            world.runtime.keyring.open_json(row.params_sealed, PARAMS)["url"].partition("token=")[2]
            for row in await session.scalars(query)
            if row.params_sealed
        ]

    tokens: list[str] = world.in_session(read)
    return tokens


def confirmed(world: World, company_id: str) -> bool:
    shown = ok(world.admin().get(f"/api/admin/employers/{company_id}"))
    return bool(shown["email_verified"])


def test_an_owner_sets_the_company_s_mailbox_and_confirms_it(
    world: World, company: tuple[Person, Person]
) -> None:
    opener, owner = company
    assert ok(owner.put(PROFILE, {"email": NEW}))["email"] == NEW
    [token] = links_to(world, opener.id)
    ok(world.http.post("/api/auth/email/confirm", json={"token": token}), 204)
    assert confirmed(world, opener.id)


def test_a_slip_in_the_address_is_set_right(world: World, company: tuple[Person, Person]) -> None:
    opener, owner = company
    ok(owner.put(PROFILE, {"email": "boks@cafe.example"}))
    [wrong] = links_to(world, opener.id)
    assert ok(owner.put(PROFILE, {"email": NEW}))["email"] == NEW
    refused(
        world.http.post("/api/auth/email/confirm", json={"token": wrong}), 422, "email_link_invalid"
    )
    right = links_to(world, opener.id)[-1]
    ok(world.http.post("/api/auth/email/confirm", json={"token": right}), 204)
    ok(owner.put(PROFILE, {"email": "third@cafe.example"}))
    assert not confirmed(world, opener.id), "another address is not confirmed by the old one's link"
    taken = world.employer()
    refused(owner.put(PROFILE, {"email": taken.email}), 409, "email_taken")


def test_phone_and_mailbox_come_in_any_order(world: World, company: tuple[Person, Person]) -> None:
    _, owner = company
    phone = "+919822777888"
    assert ok(owner.put(PROFILE, {"phone": phone}))["phone"] == phone
    assert ok(owner.put(PROFILE, {"phone": None}))["phone"] is None


def test_an_address_that_somebody_signs_in_by_stays(world: World) -> None:
    owner = world.employer()
    refused(owner.put(PROFILE, {"email": NEW}), 409, "email_set")


def test_nobody_gets_a_password_by_the_company_s_mailbox(
    world: World, company: tuple[Person, Person]
) -> None:
    opener, owner = company
    ok(owner.put(PROFILE, {"email": NEW}))
    ok(world.http.post("/api/auth/password/forgot", json={"email": NEW}), 202)
    world.settle()

    async def mailed(session: Any) -> list[str]:
        kinds = select(OutboxMessage.kind).where(OutboxMessage.user_id == UUID(opener.id))
        return list(await session.scalars(kinds))

    assert "password_reset" not in world.in_session(mailed)
    body = {"role": "employer", "email": NEW, "password": PASSWORD}
    refused(world.http.post("/api/auth/login", json=body), 401, "invalid_credentials")


def test_the_link_is_sent_again_on_the_page(world: World) -> None:
    owner = PageReader(world.url)
    owner.sign_up()
    company_id = newest_member(world)
    world.settle()
    before = len(links_to(world, company_id))
    assert "/company/email/resend" in owner.open("/company").text
    assert owner.send("/company/email/resend", {}).status_code == 303
    assert len(links_to(world, company_id)) == before + 1
    token = links_to(world, company_id)[-1]
    ok(world.http.post("/api/auth/email/confirm", json={"token": token}), 204)
    assert "/company/email/resend" not in owner.open("/company").text


def test_a_mailbox_is_not_flooded_by_setting_it_again(world: World) -> None:
    owner = world.employer()
    world.runtime.limiter.enabled = True
    answers = [owner.put(PROFILE, {"email": owner.email}).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
