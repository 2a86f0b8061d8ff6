"""Registration and sign-in, through the door."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from app.identity.models import Consent, UserStatus
from tests.support.app_harness import BANDRA, BANDRA_ON_GRID, PASSWORD, World
from tests.support.assertions import ok, refused
from tests.support.sign_in import (
    ME,
    SENT,
    code_login,
    employer_body,
    in_parallel,
    me_with,
    only_worker,
    password_login,
    register,
    worker_body,
    wrong_code,
)


def test_a_worker_registers_proves_the_phone_and_is_signed_in(world: World) -> None:
    phone = "+919811100001"
    register(world, phone, language="hi", location=BANDRA, skills=["waiter"], experience_years=2)
    assert only_worker(world)[0].status == UserStatus.PENDING
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
    user, worker = only_worker(world)
    assert (user.name, user.language) == ("Asha Kulkarni", "en")
    assert worker.skills == ["waiter", "cook"]
    assert (worker.latitude, worker.longitude) == tuple(BANDRA_ON_GRID.values())
    assert worker.city == "Mumbai"
    assert (worker.max_distance_km, worker.experience_years) == (10.0, 0)
    assert worker.time_zone == "Asia/Kolkata"


def test_a_city_stands_for_its_place(world: World) -> None:
    register(world, city="Mumbai")
    _, worker = only_worker(world)
    assert worker.latitude == pytest.approx(19.07, abs=0.2)
    assert worker.longitude == pytest.approx(72.87, abs=0.2)


def test_a_worker_who_says_nowhere_gets_the_country_s_time(world: World) -> None:
    register(world)
    _, worker = only_worker(world)
    assert (worker.city, worker.latitude) == (None, None)
    assert worker.time_zone == "Asia/Kolkata"


def test_consent_is_recorded_with_its_wording_language_and_time(world: World) -> None:
    register(world, language="hi")

    async def look(session: Any) -> Any:
        return (await session.scalars(select(Consent))).one()

    consent = world.in_session(look)
    assert consent.user_id == only_worker(world)[0].id
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
def test_nobody_is_registered_without_consent(shared_world: World, consent: Any) -> None:
    body = worker_body(consent=consent)
    answer = shared_world.http.post("/api/auth/register/worker", json=body)
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
    shared_world: World, change: dict[str, Any], field: str
) -> None:
    body = worker_body() | change
    answer = shared_world.http.post("/api/auth/register/worker", json=body)
    problem = refused(answer, 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_national_number_is_read_in_the_country_of_the_installation(
    shared_world: World,
) -> None:
    register(shared_world, "98111 00009")
    ok(code_login(shared_world, "098111-00009", shared_world.code_for("+919811100009")))


def test_a_pending_phone_that_registers_again_says_it_anew(world: World) -> None:
    register(world, name="Asha", skills=["waiter"])
    register(world, name="Usha", skills=["cook"])
    user, worker = only_worker(world)
    assert (user.name, worker.skills) == ("Usha", ["cook"])


def test_registering_a_known_phone_sends_a_code_and_changes_nothing(world: World) -> None:
    asha = world.worker(phone="+919811100001", slots=[])
    before = ok(asha.get(ME))
    register(world, name="Mallory", skills=[])
    user, worker = only_worker(world)
    assert (user.name, worker.skills) == ("Asha Kulkarni", ["waiter"])
    again = world.sign_in_worker("+919811100001")
    assert ok(again.get(ME)) == before


def test_of_racing_registrations_of_a_phone_one_account_comes(world: World) -> None:
    body = worker_body()
    answers = in_parallel(lambda _: world.http.post("/api/auth/register/worker", json=body), 8)
    assert [answer.status_code for answer in answers] == [202] * 8
    only_worker(world)
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
    known = refused(
        code_login(world, "+919811100001", wrong_code(code)), 401, "invalid_credentials"
    )
    unknown = refused(code_login(world, "+919811100002", code), 401, "invalid_credentials")
    assert known["detail"] == unknown["detail"]
    assert code not in str(known)


def test_wrong_codes_are_counted_although_the_answer_is_a_refusal(world: World) -> None:
    register(world)
    code = world.code_for("+919811100001")
    answers = in_parallel(lambda _: code_login(world, "+919811100001", wrong_code(code)), 8)
    assert {answer.status_code for answer in answers} == {401}
    refused(code_login(world, "+919811100001", code), 401, "invalid_credentials")


def test_of_twenty_right_codes_at_once_one_signs_in(world: World) -> None:
    register(world)
    code = world.code_for("+919811100001")
    answers = in_parallel(lambda _: code_login(world, "+919811100001", code), 20)
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19


def test_a_code_is_too_old_after_five_minutes(world: World) -> None:
    register(world)
    code = world.code_for("+919811100001")
    world.clock.advance(minutes=5)
    refused(code_login(world, "+919811100001", code), 401, "invalid_credentials")


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
    answers = in_parallel(
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
        ({"company_name": "Registration fee 500 only"}, "company_name"),
        ({"role": "admin"}, "role"),
        ({"status": "active"}, "status"),
    ],
)
def test_what_an_employer_can_t_register_is_named_by_field(
    shared_world: World, change: dict[str, Any], field: str
) -> None:
    body = employer_body() | change
    answer = shared_world.http.post("/api/auth/register/employer", json=body)
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
    shared_world: World, body: Any, field: str
) -> None:
    headers = {"Content-Type": "application/json"}
    content = json.dumps(body)  # escapes what UTF-8 can't carry
    answer = shared_world.http.post("/api/auth/login", content=content, headers=headers)
    problem = refused(answer, 422, "invalid")
    assert problem["errors"][0]["field"] == field
    assert PASSWORD not in answer.text
