"""A company's team: invitations, and those who followed them."""

import itertools
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.identity.models import TeamMember
from app.messaging.models import PARAMS, OutboxMessage
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok

TEAM = "/api/employers/team"
_phones = itertools.count(919_822_500_001)


def rupees(amount: int) -> dict[str, Any]:
    """Return whole rupees as the API takes money."""
    return {"amount": amount * 100, "currency": "INR"}


def invite(owner: Person, role: str, **more: Any) -> dict[str, Any]:
    """Invite somebody by phone, or as `more` says."""
    if "email" not in more:
        more.setdefault("phone", f"+{next(_phones)}")
    member: dict[str, Any] = ok(owner.post(TEAM, {"role": role, **more}), 201)
    return member


def invitation_token(world: World, member_id: str) -> str:
    """Return the token of the link that was mailed to who is invited."""

    async def read(session: Any) -> str:
        query = (
            select(OutboxMessage.params_sealed)
            .where(
                OutboxMessage.user_id == UUID(member_id), OutboxMessage.kind == "team_invitation"
            )
            .order_by(OutboxMessage.id.desc())
        )
        sealed = await session.scalar(query.limit(1))
        params: dict[str, Any] = world.runtime.keyring.open_json(sealed, PARAMS)
        return str(params["url"]).partition("token=")[2]

    token: str = world.in_session(read)
    return token


def joins_by_mail(world: World, member: dict[str, Any]) -> Person:
    """Let who is invited set a password by the link and sign in."""
    body = {"token": invitation_token(world, member["id"]), "password": PASSWORD}
    ok(world.http.post("/api/auth/password/reset", json=body), 204)
    return world.sign_in(member["email"], role="employer")


def joins_by_phone(world: World, member: dict[str, Any], **more: Any) -> Person:
    """Let who is invited sign in by the code that came."""
    phone = member["phone"]
    world.settle()
    body = {"role": "employer", "phone": phone, "code": world.code_for(phone), **more}
    tokens = ok(world.http.post("/api/auth/login", json=body))
    return Person(
        world, tokens["user"]["id"], tokens["access_token"], tokens["refresh_token"], phone=phone
    )


def member_of(world: World, owner: Person, role: str, **more: Any) -> Person:
    """Return somebody of this role in the owner's team, signed in."""
    return joins_by_phone(world, invite(owner, role, **more))


def newest_member(world: World) -> str:
    """Return the id of who was last invited, or opened a company."""
    query = select(TeamMember.user_id).order_by(TeamMember.user_id.desc()).limit(1)
    found: UUID = world.in_session(lambda session: session.scalar(query))
    return str(found)
