"""An employer confirms an e-mail address by a link; nothing waits for it unless the policy says so."""

from typing import Any

from sqlalchemy import select

from app.messaging.models import PARAMS, OutboxMessage
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import lead
from tests.support.sign_in import forgot, reset, users_id

CONFIRM = "/api/auth/email/confirm"


def links(world: World, person: Person) -> list[str]:
    """Return the tokens of the links sent to this person, oldest first."""

    async def look(session: Any) -> Any:
        query = select(OutboxMessage).where(
            OutboxMessage.kind == "email_link", OutboxMessage.user_id == users_id(person)
        )
        return (await session.scalars(query.order_by(OutboxMessage.id))).all()

    urls = [
        world.runtime.keyring.open_json(row.params_sealed, PARAMS)["url"]
        for row in world.in_session(look)
        if row.params_sealed  # blanked once it was sent
    ]
    return [url.partition("/confirm-email?token=")[2] for url in urls]


def is_confirmed(person: Person) -> bool:
    confirmed: bool = ok(person.get("/api/auth/email"))["verified"]
    return confirmed


def test_the_newest_link_confirms_once(shared_world: World) -> None:
    world = shared_world
    employer = world.employer_through_doors()
    assert not is_confirmed(employer)
    assert ok(employer.post("/api/auth/email/resend"), 202) == {"status": "confirmation_sent"}
    old, new = links(world, employer)
    for bad in (old, "x", new[:-1], new + "x"):
        refused(world.http.post(CONFIRM, json={"token": bad}), 422, "email_link_invalid")
    assert world.http.get("/confirm-email", params={"token": new}).status_code == 200
    assert not is_confirmed(employer)  # a mail program only looked
    ok(world.http.post(CONFIRM, json={"token": new}), 204)
    assert is_confirmed(employer)
    refused(world.http.post(CONFIRM, json={"token": new}), 422, "email_link_invalid")
    assert ok(employer.post("/api/auth/email/resend"), 202) == {"status": "already_confirmed"}
    details = ok(world.admin().get(f"/api/admin/employers/{employer.id}"))
    assert details["email_verified"] is True


def test_the_page_confirms_and_a_link_is_good_for_nothing_else(shared_world: World) -> None:
    world = shared_world
    employer = world.employer_through_doors()
    (token,) = links(world, employer)
    refused(reset(world, token), 422, "reset_token_invalid")
    assert world.http.post("/confirm-email", params={"token": token}).status_code == 200
    assert is_confirmed(employer)
    assert world.http.post("/confirm-email", params={"token": token}).status_code == 404
    assert world.http.get("/confirm-email", params={"token": "x"}).status_code == 404


def test_a_password_set_by_a_mailed_link_proves_the_address_too(shared_world: World) -> None:
    world = shared_world
    employer = world.employer_through_doors()
    assert employer.email is not None
    ok(reset(world, forgot(world, employer.email)[-1]), 204)
    assert is_confirmed(
        world.sign_in(employer.email, role="employer", password="another long sentence")
    )


def test_the_policy_can_ask_for_it_before_a_lead_is_bought(shared_world: World) -> None:
    world = shared_world
    settings = "/api/admin/settings"
    employer = world.employer_through_doors(verified=True)
    first, second = (lead(world, employer) for _ in range(2))
    first.buy()
    ok(world.admin().put(settings, {"limits": {"unlocks_before_email_confirmed": 1}}))
    refused(second.unlock(), 403, "email_unconfirmed")
    ok(employer.post("/api/auth/email/resend"), 202)
    ok(world.http.post(CONFIRM, json={"token": links(world, employer)[-1]}), 204)
    second.begin()
    ok(world.admin().put(settings, {"limits": {}}))
