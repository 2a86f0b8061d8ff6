"""Registration, sign-in and passwords, through the door."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from app.core.ids import new_id
from app.identity import users
from app.identity.models import Consent, Role, User, UserStatus
from app.messaging.models import OutboxMessage
from app.messaging.outbox import PARAMS
from app.workers.models import Worker
from tests.flows.world import BANDRA, PASSWORD, Person, World, ok, refused

SENT = {"status": "verification_sent", "channel": "whatsapp", "expires_in": 300}
ME = "/api/auth/me"


def worker_body(phone: str = "+919811100001", **changes: Any) -> dict[str, Any]:
    return {"name": "Asha Kulkarni", "phone": phone, "consent": True} | changes


def employer_body(**changes: Any) -> dict[str, Any]:
    return {
        "company_name": "Cafe Leopold",
        "contact_name": "Rustom Irani",
        "email": "Owner@Example.com",
        "password": PASSWORD,
    } | changes


def register(world: World, phone: str = "+919811100001", **changes: Any) -> None:
    answer = world.http.post("/api/auth/register/worker", json=worker_body(phone, **changes))
    assert ok(answer, 202) == SENT


def code_login(world: World, phone: str, code: str) -> httpx.Response:
    body = {"role": "worker", "phone": phone, "code": code}
    return world.http.post("/api/auth/login", json=body)


def password_login(
    world: World, password: str, email: str = "owner@example.com", role: str = "employer"
) -> httpx.Response:
    body = {"role": role, "email": email, "password": password}
    return world.http.post("/api/auth/login", json=body)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def the_worker(world: World) -> tuple[User, Worker]:
    async def look(session: Any) -> Any:
        query = select(User, Worker).join(Worker, Worker.id == User.id)
        return (await session.execute(query)).one()

    user, worker = world.in_session(look)
    return user, worker


def me_with(world: World, token: str) -> httpx.Response:
    return world.http.get(ME, headers={"Authorization": f"Bearer {token}"})


def refresh(world: World, token: str) -> httpx.Response:
    return world.http.post("/api/auth/refresh", json={"refresh_token": token})


def many(work: Callable[[int], httpx.Response], times: int) -> list[httpx.Response]:
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(work, range(times)))


# --- workers ----------------------------------------------------------------------------------


def test_a_worker_registers_proves_the_phone_and_is_signed_in(world: World) -> None:
    phone = "+919811100001"
    register(world, phone, language="hi", location=BANDRA, skills=["waiter"], experience_years=2)
    assert the_worker(world)[0].status == UserStatus.PENDING
    answer = ok(code_login(world, phone, world.code_for(phone)))
    assert answer["token_type"] == "bearer"
    assert answer["expires_in"] == 600
    user = answer["user"]
    assert (user["role"], user["status"], user["name"]) == ("worker", "active", "Asha Kulkarni")
    mine = ok(me_with(world, answer["access_token"]))
    assert mine == {
        "id": user["id"],
        "role": "worker",
        "status": "active",
        "name": "Asha Kulkarni",
        "email": None,
        "phone": phone,
        "created_at": "2026-11-23T06:00:00Z",
    }


def test_what_a_worker_says_is_kept_and_what_is_left_out_has_a_sensible_start(
    world: World,
) -> None:
    register(world, location=BANDRA, skills=["waiter", "cook", "waiter"])
    user, worker = the_worker(world)
    assert (user.name, user.language) == ("Asha Kulkarni", "en")
    assert worker.skills == ["waiter", "cook"]
    assert (worker.latitude, worker.longitude) == (BANDRA["latitude"], BANDRA["longitude"])
    assert worker.city == "Mumbai"
    assert (worker.max_distance_km, worker.experience_years) == (10.0, 0)
    assert worker.time_zone == "Asia/Kolkata"


def test_a_city_stands_for_its_place(world: World) -> None:
    register(world, city="Mumbai")
    _, worker = the_worker(world)
    assert worker.latitude == pytest.approx(19.07, abs=0.2)
    assert worker.longitude == pytest.approx(72.87, abs=0.2)


def test_a_worker_who_says_nowhere_gets_the_country_s_time(world: World) -> None:
    register(world)
    _, worker = the_worker(world)
    assert (worker.city, worker.latitude) == (None, None)
    assert worker.time_zone == "Asia/Kolkata"


def test_consent_is_recorded_with_its_wording_language_and_time(world: World) -> None:
    register(world, language="hi")

    async def look(session: Any) -> Any:
        return (await session.scalars(select(Consent))).one()

    consent = world.in_session(look)
    assert consent.user_id == the_worker(world)[0].id
    assert (consent.purpose, consent.language, consent.channel) == ("job_offers", "hi", "api")
    assert consent.wording_version
    assert consent.granted_at == world.clock.now


def test_the_phone_is_nowhere_in_the_database_in_the_clear(sqlite_world: World) -> None:
    world = sqlite_world
    register(world, "+919811100001")
    world.messages("+919811100001")
    path = world.database_url.removeprefix("sqlite:///")
    for suffix in ("", "-wal"):
        with open(path + suffix, "rb") as file:  # noqa: PTH123
            assert b"9811100001" not in file.read()


@pytest.mark.parametrize("consent", [False, None, "yes", 1])
def test_nobody_is_registered_without_consent(sqlite_world: World, consent: Any) -> None:
    body = worker_body(consent=consent)
    answer = sqlite_world.http.post("/api/auth/register/worker", json=body)
    problem = refused(answer, 422, "invalid")
    assert problem["errors"][0]["field"] == "consent"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"phone": "12345"}, "phone"),
        ({"phone": "+910000000000"}, "phone"),
        ({"skills": ["waiter", "brain-surgeon"]}, "skills.1"),
        ({"skills": ["waiter"] * 31}, "skills"),
        ({"language": "xx"}, "language"),
        ({"name": " "}, "name"),
        ({"name": "A\x00b"}, "name"),
        ({"location": {"latitude": 91, "longitude": 0}}, "location.latitude"),
        ({"experience_years": True}, "experience_years"),
        ({"max_distance_km": 0}, "max_distance_km"),
        ({"role": "admin"}, "role"),
        ({"status": "active"}, "status"),
        ({"verified": True}, "verified"),
    ],
)
def test_what_can_t_be_registered_is_named_by_field(
    sqlite_world: World, change: dict[str, Any], field: str
) -> None:
    body = worker_body() | change
    answer = sqlite_world.http.post("/api/auth/register/worker", json=body)
    problem = refused(answer, 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_national_number_is_read_in_the_country_of_the_installation(
    sqlite_world: World,
) -> None:
    register(sqlite_world, "98111 00001")
    ok(code_login(sqlite_world, "098111-00001", sqlite_world.code_for("+919811100001")))


def test_a_pending_phone_that_registers_again_says_it_anew(world: World) -> None:
    register(world, name="Asha", skills=["waiter"])
    register(world, name="Usha", skills=["cook"])
    user, worker = the_worker(world)
    assert (user.name, worker.skills) == ("Usha", ["cook"])


def test_registering_a_known_phone_sends_a_code_and_changes_nothing(world: World) -> None:
    asha = world.worker(phone="+919811100001", slots=[])
    before = ok(asha.get(ME))
    register(world, name="Mallory", skills=[])
    user, worker = the_worker(world)
    assert (user.name, worker.skills) == ("Asha Kulkarni", ["waiter"])
    again = world.sign_in_worker("+919811100001")
    assert ok(again.get(ME)) == before


def test_of_racing_registrations_of_a_phone_one_account_comes(world: World) -> None:
    body = worker_body()
    answers = many(lambda _: world.http.post("/api/auth/register/worker", json=body), 8)
    assert [answer.status_code for answer in answers] == [202] * 8
    the_worker(world)
    ok(code_login(world, "+919811100001", world.code_for("+919811100001")))


def test_a_code_goes_to_a_known_phone_only_and_the_answer_never_tells(world: World) -> None:
    world.worker(phone="+919811100001", slots=[])
    before = len(world.messages("+919811100001"))
    for phone in ("+919811100001", "+919811100002"):
        assert ok(world.http.post("/api/auth/otp", json={"phone": phone}), 202) == SENT
    assert len(world.messages("+919811100001")) == before + 1
    assert world.messages("+919811100002") == []


def test_a_wrong_code_and_an_unknown_phone_are_answered_alike(world: World) -> None:
    register(world)
    code = world.code_for("+919811100001")
    known = refused(code_login(world, "+919811100001", wrong(code)), 401, "invalid_credentials")
    unknown = refused(code_login(world, "+919811100002", code), 401, "invalid_credentials")
    assert known["detail"] == unknown["detail"]
    assert code not in str(known)


def test_wrong_codes_are_counted_although_the_answer_is_a_refusal(world: World) -> None:
    register(world)
    code = world.code_for("+919811100001")
    answers = many(lambda _: code_login(world, "+919811100001", wrong(code)), 8)
    assert {answer.status_code for answer in answers} == {401}
    refused(code_login(world, "+919811100001", code), 401, "invalid_credentials")


def test_of_twenty_right_codes_at_once_one_signs_in(world: World) -> None:
    register(world)
    code = world.code_for("+919811100001")
    answers = many(lambda _: code_login(world, "+919811100001", code), 20)
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19


def test_a_code_is_too_old_after_five_minutes(world: World) -> None:
    register(world)
    code = world.code_for("+919811100001")
    world.clock.advance(minutes=5)
    refused(code_login(world, "+919811100001", code), 401, "invalid_credentials")


# --- employers --------------------------------------------------------------------------------


def test_an_employer_registers_and_signs_in(world: World) -> None:
    body = employer_body(phone="+912222021234", city="Mumbai", location=BANDRA)
    profile = ok(world.http.post("/api/auth/register/employer", json=body), 201)
    assert profile["company_name"] == "Cafe Leopold"
    assert profile["contact_name"] == "Rustom Irani"
    assert profile["email"] == "owner@example.com"
    assert profile["phone"] == "+912222021234"
    assert (profile["status"], profile["verified"]) == ("active", False)
    answer = ok(password_login(world, PASSWORD, "OWNER@example.com"))
    assert answer["user"] == {
        "id": profile["id"],
        "role": "employer",
        "status": "active",
        "name": "Rustom Irani",
    }
    mine = ok(me_with(world, answer["access_token"]))
    assert (mine["email"], mine["phone"]) == ("owner@example.com", "+912222021234")


def test_an_e_mail_address_is_registered_once_also_by_many_at_once(world: World) -> None:
    answers = many(
        lambda n: world.http.post(
            "/api/auth/register/employer",
            json=employer_body(email=f"{'owner' if n % 2 else 'OWNER'}@example.com"),
        ),
        6,
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    again = world.http.post("/api/auth/register/employer", json=employer_body())
    refused(again, 409, "email_taken")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "owner"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "owner@example.com"}, "password"),
        ({"password": "CafeLeopold2026"}, "password"),
        ({"password": "x" * 2_000}, "password"),
        ({"phone": "1"}, "phone"),
        ({"company_name": ""}, "company_name"),
        ({"role": "admin"}, "role"),
        ({"status": "active"}, "status"),
    ],
)
def test_what_an_employer_can_t_register_is_named_by_field(
    sqlite_world: World, change: dict[str, Any], field: str
) -> None:
    body = employer_body() | change
    answer = sqlite_world.http.post("/api/auth/register/employer", json=body)
    problem = refused(answer, 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert body["password"] not in answer.text


def test_a_wrong_password_and_an_unknown_account_are_answered_alike(world: World) -> None:
    world.employer(email="owner@example.com")
    answers = [
        password_login(world, "not the password"),
        password_login(world, PASSWORD, "nobody@example.com"),
        password_login(world, PASSWORD, "not an address"),
        password_login(world, PASSWORD, role="admin"),
    ]
    problems = [refused(answer, 401, "invalid_credentials") for answer in answers]
    assert len({problem["detail"] for problem in problems}) == 1
    assert all(answer.headers["www-authenticate"] == "Bearer" for answer in answers)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "owner", "email": "a@example.com", "password": PASSWORD}, "role"),
        ({"email": "a@example.com", "password": PASSWORD}, "role"),
        ({"role": "worker", "phone": "+919811100001", "password": PASSWORD}, "code"),
        ({"role": "employer", "email": "a@example.com", "password": None}, "password"),
        ({"role": "employer", "email": "a@example.com", "password": "\ud800"}, "password"),
        ({"role": "worker", "phone": "+919811100001", "code": 123456}, "code"),
        ({"role": "worker", "phone": "1234567", "code": "123456"}, "phone"),
        ({"role": ["worker"]}, "role"),
        ([], ""),
        ("worker", ""),
    ],
)
def test_a_sign_in_that_makes_no_sense_is_refused(
    sqlite_world: World, body: Any, field: str
) -> None:
    headers = {"Content-Type": "application/json"}
    content = json.dumps(body)  # escapes what UTF-8 can't carry
    answer = sqlite_world.http.post("/api/auth/login", content=content, headers=headers)
    problem = refused(answer, 422, "invalid")
    assert problem["errors"][0]["field"] == field
    assert PASSWORD not in answer.text


# --- sessions ---------------------------------------------------------------------------------


def test_the_access_token_is_too_old_after_ten_minutes_and_refreshing_helps(
    world: World,
) -> None:
    owner = world.employer()
    world.clock.advance(minutes=10)
    refused(owner.get(ME), 401, "token_expired")
    answer = ok(refresh(world, owner.refresh_token))
    assert answer["user"]["id"] == owner.id
    assert answer["refresh_token"] != owner.refresh_token
    ok(me_with(world, answer["access_token"]))


def test_a_refresh_token_used_again_ends_the_whole_session(world: World) -> None:
    owner = world.employer()
    new = ok(refresh(world, owner.refresh_token))
    refused(refresh(world, owner.refresh_token), 401, "session_ended")
    refused(me_with(world, new["access_token"]), 401, "session_ended")
    refused(refresh(world, new["refresh_token"]), 401, "session_ended")


def test_of_racing_refreshes_at_most_one_is_answered_and_the_session_ends(world: World) -> None:
    owner = world.employer()
    answers = many(lambda _: refresh(world, owner.refresh_token), 8)
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    refused(owner.get(ME), 401, "session_ended")


def test_after_logout_nothing_of_the_session_works_and_other_devices_do(world: World) -> None:
    phone_, laptop = world.employer(email="owner@example.com"), None
    laptop = world.sign_in("owner@example.com", role="employer")
    assert ok(phone_.post("/api/auth/logout"), 204) is None
    refused(phone_.get(ME), 401, "session_ended")
    refused(phone_.post("/api/auth/logout"), 401, "session_ended")
    refused(refresh(world, phone_.refresh_token), 401, "session_ended")
    ok(laptop.get(ME))


def test_a_suspended_account_is_out_at_once_and_learns_why_by_its_password(
    world: World,
) -> None:
    owner = world.employer(email="owner@example.com")
    world.in_session(lambda session: users.suspend(session, users_id(owner), world.clock.now))
    refused(owner.get(ME), 401, "session_ended")
    refused(refresh(world, owner.refresh_token), 401, "session_ended")
    refused(password_login(world, PASSWORD), 403, "account_suspended")
    refused(password_login(world, "not the password"), 401, "invalid_credentials")
    world.in_session(lambda session: users.activate(session, users_id(owner), world.clock.now))
    refused(owner.get(ME), 401, "session_ended")
    ok(password_login(world, PASSWORD))


def users_id(person: Person) -> Any:
    from uuid import UUID

    return UUID(person.id)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "not_authenticated"),
        ("Bearer", "not_authenticated"),
        ("Basic YTpi", "not_authenticated"),
        ("Bearer x", "invalid_token"),
        ("Bearer a.b.c", "invalid_token"),
        ("Bearer " + "x" * 5_000, "invalid_token"),
    ],
)
def test_without_a_token_of_ours_nobody_is_let_in(
    sqlite_world: World, header: str | None, code: str
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = sqlite_world.http.get(ME, headers=headers)
    refused(answer, 401, code)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_sessions_live_in_redis_where_one_is_configured(
    postgresql_database_url: str,
    valkey_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
) -> None:
    with world_with(postgresql_database_url, redis_url=valkey_url) as world:
        test_a_refresh_token_used_again_ends_the_whole_session(world)
        test_after_logout_nothing_of_the_session_works_and_other_devices_do(world)
        again = world.sign_in("owner@example.com", role="employer")
        other = world.sign_in("owner@example.com", role="employer")
        body = {"current_password": PASSWORD, "password": "another long sentence"}
        ok(again.post("/api/auth/password/change", body), 204)
        ok(again.get(ME))
        refused(other.get(ME), 401, "session_ended")


def test_a_store_of_sessions_that_is_down_lets_nobody_in(
    sqlite_database_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
) -> None:
    from tests.infra.run import free_port

    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    with world_with(sqlite_database_url, redis_url=nowhere) as world:
        ok(world.http.post("/api/auth/register/employer", json=employer_body()), 201)
        answer = password_login(world, PASSWORD)
        refused(answer, 503, "sessions_unavailable")
        assert "retry-after" in answer.headers


# --- passwords --------------------------------------------------------------------------------


def test_a_changed_password_ends_every_other_session(world: World) -> None:
    owner = world.employer(email="owner@example.com")
    other = world.sign_in("owner@example.com", role="employer")
    body = {"current_password": PASSWORD, "password": "another long sentence"}
    ok(owner.post("/api/auth/password/change", body), 204)
    ok(owner.get(ME))
    refused(other.get(ME), 401, "session_ended")
    refused(refresh(world, other.refresh_token), 401, "session_ended")
    ok(refresh(world, owner.refresh_token))
    refused(password_login(world, PASSWORD), 401, "invalid_credentials")
    ok(password_login(world, "another long sentence"))


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"current_password": "not the password"}, "current_password", "wrong_password"),
        ({"password": "short"}, "password", "invalid"),
        ({"password": "owner@example.com"}, "password", "invalid"),
    ],
)
def test_a_password_is_changed_by_who_knows_it_and_to_a_good_one(
    sqlite_world: World, change: dict[str, str], field: str, code: str
) -> None:
    owner = sqlite_world.employer(email="owner@example.com")
    body = {"current_password": PASSWORD, "password": "another long sentence"} | change
    problem = refused(owner.post("/api/auth/password/change", body), 422, code)
    assert [error["field"] for error in problem["errors"]] == [field]
    ok(password_login(sqlite_world, PASSWORD))


def test_a_worker_has_no_password_to_change(sqlite_world: World) -> None:
    asha = sqlite_world.worker(slots=[])
    body = {"current_password": "whatever it is", "password": "another long sentence"}
    refused(asha.post("/api/auth/password/change", body), 403, "wrong_role")


def forgot(world: World, email: str = "owner@example.com") -> list[str]:
    """Ask for a reset and return the tokens of the links sent since, oldest first."""
    answer = world.http.post("/api/auth/password/forgot", json={"email": email})
    assert ok(answer, 202) == {"status": "reset_sent", "expires_in": 1_800}

    async def look(session: Any) -> Any:
        query = select(OutboxMessage).where(OutboxMessage.kind == "password_reset")
        return (await session.scalars(query.order_by(OutboxMessage.id))).all()

    urls = [
        world.runtime.keyring.open_json(message.params_sealed, PARAMS)["url"]
        for message in world.in_session(look)
    ]
    assert all(url.startswith(f"{world.url}/reset-password?token=") for url in urls)
    return [re.split("token=", url)[1] for url in urls]


def reset(world: World, token: str, password: str = "another long sentence") -> httpx.Response:
    body = {"token": token, "password": password}
    return world.http.post("/api/auth/password/reset", json=body)


def test_a_forgotten_password_is_reset_by_the_link_once(world: World) -> None:
    owner = world.employer(email="owner@example.com")
    [token] = forgot(world, "Owner@example.com")
    problem = refused(reset(world, token, "short"), 422, "invalid")
    assert problem["errors"][0]["field"] == "password"
    ok(reset(world, token), 204)
    refused(reset(world, token), 422, "reset_token_invalid")
    refused(owner.get(ME), 401, "session_ended")
    refused(password_login(world, PASSWORD), 401, "invalid_credentials")
    ok(password_login(world, "another long sentence"))


def test_a_new_password_makes_every_older_link_worthless(world: World) -> None:
    world.employer(email="owner@example.com")
    first, *_ = forgot(world)
    _, second = forgot(world)
    ok(reset(world, second), 204)
    refused(reset(world, first), 422, "reset_token_invalid")


def test_of_racing_uses_of_a_link_one_wins(world: World) -> None:
    world.employer(email="owner@example.com")
    [token] = forgot(world)
    answers = many(lambda n: reset(world, token, f"another long sentence {n}"), 6)
    assert sorted(answer.status_code for answer in answers) == [204] + [422] * 5


def test_a_link_is_too_old_after_half_an_hour(world: World) -> None:
    world.employer(email="owner@example.com")
    [token] = forgot(world)
    world.clock.advance(minutes=30)
    refused(reset(world, token), 422, "reset_token_invalid")


@pytest.mark.parametrize("token", ["x", ".", f"{new_id().hex}.guess", "é\x00", " "])
def test_a_link_that_is_not_ours_is_refused(sqlite_world: World, token: str) -> None:
    refused(reset(sqlite_world, token), 422, "reset_token_invalid")


def test_a_reset_is_never_told_to_anyone_but_the_account_s_owner(world: World) -> None:
    assert forgot(world, "nobody@example.com") == []
    asha = world.worker(slots=[])
    assert asha.email is None
    owner = world.employer(email="owner@example.com")
    world.in_session(lambda session: users.suspend(session, users_id(owner), world.clock.now))
    assert forgot(world) == []


# --- administrators, limits -------------------------------------------------------------------


def test_nobody_can_register_as_an_administrator(world: World) -> None:
    for path in ("admin", "admins", "user"):
        assert world.http.post(f"/api/auth/register/{path}", json={}).status_code in {404, 405}

    async def count(session: Any) -> Any:
        admins = User.role == Role.ADMIN
        return await session.scalar(select(func.count()).select_from(User).where(admins))

    assert world.in_session(count) == 0
    admin = world.admin()
    assert ok(admin.get(ME))["role"] == "admin"


def test_registering_twice_with_one_idempotency_key_sends_one_code(world: World) -> None:
    headers = {"Idempotency-Key": "once"}
    for _ in range(2):
        answer = world.http.post("/api/auth/register/worker", json=worker_body(), headers=headers)
        assert ok(answer, 202) == SENT
    assert len(world.messages("+919811100001")) == 1


def test_codes_and_sign_ins_are_limited(
    sqlite_database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> None:
    with world_with(sqlite_database_url, rate_limits="on") as world:
        known, unknown = "+919811100001", "+919811100002"
        register(world, known)
        for phone in (known, known, unknown, unknown, unknown):
            ok(world.http.post("/api/auth/otp", json={"phone": phone}), 202)
        for phone in (known, unknown):  # alike, or the limit would tell which one is known
            answer = world.http.post("/api/auth/otp", json={"phone": phone})
            refused(answer, 429, "rate_limited")
            assert int(answer.headers["retry-after"]) > 0
        statuses = [
            password_login(world, "a guess", "owner@example.com").status_code for _ in range(11)
        ]
        assert statuses == [401] * 10 + [429]
