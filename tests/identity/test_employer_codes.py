"""An employer with a proven phone signs in by a code, as workers do; a company may have no e-mail address."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from app.core.phones import PhoneNotSupported
from app.employers import phones
from app.employers.models import Employer
from app.employers.registration import ChatCompany, PhoneHasCompany, open_by_phone
from app.identity.models import User
from tests.identity.test_equal_work import done
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.sign_in import me_with, wrong_code

PHONE, OTHER = "+919811100041", "+919811100042"
COMPANY = ChatCompany(
    company_name="Juhu Caterers", contact_name="Meera Nair", language="hi", city="Mumbai"
)


def opened(world: World, phone: str = PHONE, new: ChatCompany = COMPANY) -> UUID:
    async def write(session: Any) -> UUID:
        user, _ = await open_by_phone(session, phone, new, now=world.clock())
        return user.id

    found: UUID = world.in_session(write)
    return found


def prove(world: World, employer_id: UUID | str, phone: str) -> None:
    async def write(session: Any) -> None:
        index = world.runtime.keyring.index(phone, "phone")
        mine = Employer.id == UUID(str(employer_id))
        await session.execute(update(Employer).where(mine).values(proven_phone_index=index))

    world.in_session(write)


def ask_code(world: World, phone: str = PHONE) -> None:
    answer = ok(world.http.post("/api/auth/otp", json={"phone": phone}), 202)
    assert answer == {"status": "verification_sent", "channel": "whatsapp", "expires_in": 300}
    world.settle()


def login(world: World, code: str, phone: str = PHONE, **more: Any) -> httpx.Response:
    body = {"role": "employer", "phone": phone, "code": code, **more}
    return world.http.post("/api/auth/login", json=body)


def bearer(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


def test_a_company_without_a_mailbox_signs_in_by_a_code(world: World) -> None:
    employer_id = opened(world)
    ask_code(world)
    code = world.code_for(PHONE)
    assert "कोड" in world.messages(PHONE)[-1]["text"]
    refused(login(world, wrong_code(code)), 401, "invalid_credentials")
    answer = ok(login(world, code))
    assert answer["user"] == {
        "id": str(employer_id),
        "role": "employer",
        "status": "active",
        "name": "Meera Nair",
    }
    refused(login(world, code), 401, "invalid_credentials")
    token = answer["access_token"]
    assert ok(me_with(world, token))["email"] is None
    profile = ok(world.http.get("/api/employers/profile", **bearer(token)))
    assert (profile["email"], profile["phone"]) == (None, PHONE)
    assert (profile["company_name"], profile["verified"]) == ("Juhu Caterers", False)
    shown = ok(world.admin().get(f"/api/admin/employers/{employer_id}"))
    assert (shown["email"], shown["email_verified"], shown["phone"]) == (None, False, PHONE)
    assert ok(world.http.get("/api/auth/email", **bearer(token))) == {
        "email": None,
        "verified": False,
    }
    refused(world.http.post("/api/auth/email/resend", **bearer(token)), 409, "email_missing")


def test_a_phone_that_an_account_only_names_gets_no_code(world: World) -> None:
    employer = world.employer(phone=PHONE)
    ask_code(world)
    assert world.messages(PHONE) == []
    # Neither is a code good that the phone got as a worker.
    world.worker(phone=PHONE, slots=[])
    ask_code(world)
    refused(login(world, world.code_for(PHONE)), 401, "invalid_credentials")
    prove(world, employer.id, PHONE)
    ask_code(world)
    assert ok(login(world, world.code_for(PHONE)))["user"]["id"] == employer.id


def test_the_role_is_chosen_at_the_sign_in(world: World) -> None:
    worker = world.worker(phone=PHONE, slots=[])
    employer_id = opened(world)
    for role, id_ in (("worker", worker.id), ("employer", str(employer_id))):
        ask_code(world)
        assert ok(login(world, world.code_for(PHONE), role=role))["user"]["id"] == id_
    sent = len(world.messages(PHONE))
    ask_code(world)
    assert len(world.messages(PHONE)) == sent + 1, "one code is for both"


def test_of_several_companies_one_is_chosen_by_the_same_code(world: World) -> None:
    one, two = world.employer(phone=PHONE), opened(world)
    prove(world, one.id, PHONE)
    ask_code(world)
    code = world.code_for(PHONE)
    problem = refused(login(world, code), 409, "several_accounts")
    assert [account["id"] for account in problem["accounts"]] == [str(two), one.id]
    assert problem["accounts"][0]["company_name"] == "Juhu Caterers"
    assert ok(login(world, code, employer_id=one.id))["user"]["id"] == one.id
    stranger = world.employer(email="stranger@example.com")
    ask_code(world)
    refused(
        login(world, world.code_for(PHONE), employer_id=stranger.id), 401, "invalid_credentials"
    )


def test_a_suspended_company_learns_it_by_the_right_code_alone(world: World) -> None:
    employer_id = opened(world)
    body = {"action": "suspend", "reason": "Not a company."}
    ok(world.admin().post(f"/api/admin/employers/{employer_id}/action", json=body))
    ask_code(world)
    code = world.code_for(PHONE)
    refused(login(world, wrong_code(code)), 401, "invalid_credentials")
    refused(login(world, code), 403, "account_suspended")


def test_a_code_is_the_same_work_for_a_company_and_for_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(world)
    known, unknown = (
        done(world, monkeypatch, "otp", {"phone": phone}, 202) for phone in (PHONE, OTHER)
    )
    assert known == unknown
    assert len(world.messages(PHONE)) == 1
    assert world.messages(OTHER) == []


def test_what_is_no_sign_in_names_its_field(world: World) -> None:
    body = {"role": "employer", "phone": PHONE}
    problem = refused(world.http.post("/api/auth/login", json=body), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == ["code"]
    body = {"role": "employer", "email": "a@example.com", "password": "x" * 12, "code": "123456"}
    refused(world.http.post("/api/auth/login", json=body), 422, "invalid")
    body = {"role": "nobody", "phone": PHONE, "code": "123456"}
    problem = refused(world.http.post("/api/auth/login", json=body), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == ["role"]


def test_a_phone_opens_one_company(world: World) -> None:
    opened(world)
    with pytest.raises(PhoneHasCompany):
        opened(world)
    with pytest.raises(PhoneNotSupported):
        opened(world, "+911900123456")


def test_an_address_can_follow_and_frees_the_phone(world: World) -> None:
    opened(world)
    ask_code(world)
    mine = bearer(ok(login(world, world.code_for(PHONE)))["access_token"])
    change = "/api/employers/profile"
    for phone in (None, OTHER):
        refused(world.http.put(change, json={"phone": phone}, **mine), 409, "phone_needed")
    ok(world.http.put(change, json={"phone": PHONE, "city": "Pune"}, **mine))
    world.employer(email="taken@example.com")
    taken = world.http.put(change, json={"email": "taken@example.com"}, **mine)
    refused(taken, 409, "email_taken")
    refused(world.http.put(change, json={"email": "nonsense"}, **mine), 422, "invalid")
    refused(world.http.put(change, json={"email": None}, **mine), 422, "invalid")
    profile = ok(world.http.put(change, json={"email": "Meera@Example.com"}, **mine))
    assert profile["email"] == "meera@example.com"
    other = world.http.put(change, json={"email": "other@example.com"}, **mine)
    refused(other, 409, "email_set")
    ok(world.http.put(change, json={"email": "meera@example.com"}, **mine))
    assert ok(world.http.put(change, json={"phone": OTHER}, **mine))["phone"] == OTHER
    # The new phone is not proven, and the old one may open a company again.
    ask_code(world, OTHER)
    assert world.messages(OTHER) == []
    opened(world)


def test_who_moves_to_the_number_of_a_company_gets_nothing_of_it(world: World) -> None:
    employer_id = opened(world)
    ask_code(world)
    token = ok(login(world, world.code_for(PHONE)))["access_token"]
    index = world.runtime.keyring.index(PHONE, "phone")

    async def somebody_moves(session: Any) -> None:
        await phones.revoke_proof(session, index, now=world.clock())

    world.in_session(somebody_moves)
    sent = len(world.messages(PHONE))
    ask_code(world)
    assert len(world.messages(PHONE)) == sent
    assert opened(world) != employer_id
    # Who is signed in still may add an address, which is the way back in.
    mine = bearer(token)
    assert ok(world.http.get("/api/employers/profile", **mine))["phone"] is None
    ok(world.http.put("/api/employers/profile", json={"email": "m@example.com"}, **mine))
    actions = world.admin().get("/api/admin/logs?action=employer.lose_phone")
    assert [row["target_id"] for row in ok(actions)["items"]] == [str(employer_id)]


def test_a_company_takes_its_number_along(world: World) -> None:
    employer_id = opened(world)
    index = world.runtime.keyring.index(PHONE, "phone")

    async def moves(session: Any) -> tuple[str | None, str | None]:
        await phones.move_to_phone(session, index, OTHER, now=world.clock())
        user = await session.get_one(User, employer_id, populate_existing=True)
        employer = await session.get_one(Employer, employer_id, populate_existing=True)
        return user.phone_index, employer.opened_by_phone_index

    new = world.runtime.keyring.index(OTHER, "phone")
    assert world.in_session(moves) == (new, new)
    ask_code(world, OTHER)
    code = world.code_for(OTHER)
    assert ok(login(world, code, phone=OTHER))["user"]["id"] == str(employer_id)
