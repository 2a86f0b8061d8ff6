"""Registration and sign-in, in the shapes of the contract."""

import pytest

from tests.acceptance import shapes
from tests.acceptance.shapes import keys, problem
from tests.support.app_harness import BANDRA, PASSWORD, World
from tests.support.assertions import ok

SENT = {"status": "verification_sent", "channel": "whatsapp", "expires_in": 300}


def test_a_worker_registers_with_all_the_contract_offers_and_signs_in_by_code(town: World) -> None:
    body = {
        "name": "  Asha Kulkarni ",
        "phone": "98200 11001",
        "consent": True,
        "language": "hi",
        "city": "Mumbai",
        "location": BANDRA,
        "skills": ["waiter"],
        "experience_years": 3,
        "max_distance_km": 7,
    }
    assert ok(town.http.post("/api/auth/register/worker", json=body), 202) == SENT
    login = {"role": "worker", "phone": "+919820011001", "code": town.code_for("+919820011001")}
    tokens = ok(town.http.post("/api/auth/login", json=login))
    assert keys(tokens) == shapes.TOKENS
    assert tokens["token_type"] == "bearer"
    assert 0 < tokens["expires_in"] <= 3_600
    assert keys(tokens["user"]) == shapes.SIGNED_IN_USER
    assert tokens["user"]["name"] == "Asha Kulkarni"
    assert (tokens["user"]["role"], tokens["user"]["status"]) == ("worker", "active")
    me = town.http.get(
        "/api/auth/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert keys(ok(me)) <= shapes.ME
    assert me.json()["phone"] == "+919820011001"
    shapes.uuid7(me.json()["id"])
    shapes.instant(me.json()["created_at"])
    problem(town.http.post("/api/auth/login", json=login), 401, "invalid_credentials")


def test_a_known_and_an_unknown_phone_are_answered_alike(town: World) -> None:
    worker = town.worker()
    bodies = [{"name": "Other", "phone": p, "consent": True} for p in (worker.phone, "9820011002")]
    known, unknown = (town.http.post("/api/auth/register/worker", json=body) for body in bodies)
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json()) == (202, SENT)
    assert ok(worker.get("/api/workers/profile"))["name"] == "Asha Kulkarni"
    known, unknown = (
        town.http.post("/api/auth/otp", json={"phone": p}) for p in (worker.phone, "9820011003")
    )
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json()) == (202, SENT)
    assert town.messages("+919820011003") == []


def test_without_consent_nobody_is_registered(town: World) -> None:
    for consent in ({}, {"consent": False}, {"consent": None}, {"consent": "true"}):
        body = {"name": "Asha", "phone": "+919820011004"} | consent
        answer = town.http.post("/api/auth/register/worker", json=body)
        assert "consent" in [e["field"] for e in problem(answer, 422)["errors"]]
    assert town.messages("+919820011004") == []


@pytest.mark.parametrize("field", ["role", "status", "verified", "is_admin", "price", "id"])
def test_nobody_chooses_their_own_role_or_status(village: World, field: str) -> None:
    worker = {"name": "Asha", "phone": "+919820011005", "consent": True, field: "admin"}
    problem(village.http.post("/api/auth/register/worker", json=worker), 422)
    employer = {
        "company_name": "Cafe",
        "contact_name": "Rustom",
        "email": "role@example.com",
        "password": PASSWORD,
        field: "admin",
    }
    problem(village.http.post("/api/auth/register/employer", json=employer), 422)


def test_an_employer_registers_once_for_each_address(town: World) -> None:
    body = {
        "company_name": "Cafe Mondegar",
        "contact_name": "Rustom Irani",
        "email": "Mondegar@Example.com",
        "password": PASSWORD,
        "phone": "022 2202 0591",
        "city": "Mumbai",
        "location": BANDRA,
    }
    made = town.http.post("/api/auth/register/employer", json=body)
    assert keys(ok(made, 201)) == shapes.EMPLOYER
    assert made.json()["email"] == "mondegar@example.com"
    assert made.json()["phone"] == "+912222020591"
    assert (made.json()["status"], made.json()["verified"]) == ("active", False)
    problem(town.http.post("/api/auth/register/employer", json=body), 409, "email_taken")
    signed_in = town.sign_in("MONDEGAR@example.com", role="employer")
    assert ok(signed_in.get("/api/employers/profile")) == made.json()


def test_wrong_and_unknown_credentials_are_answered_alike(town: World) -> None:
    employer, worker = town.employer(), town.worker(slots=())
    attempts = [
        {"role": "employer", "email": employer.email, "password": "not the password"},
        {"role": "employer", "email": "nobody@example.com", "password": "not the password"},
        {"role": "admin", "email": employer.email, "password": PASSWORD},
        {"role": "worker", "phone": worker.phone, "code": "000000"},
        {"role": "worker", "phone": "+919820011009", "code": "000000"},
    ]
    told = [
        problem(town.http.post("/api/auth/login", json=body), 401, "invalid_credentials")
        for body in attempts
    ]
    for one in told:
        one.pop("request_id")
    assert all(one == told[0] for one in told)


def test_a_used_refresh_token_ends_the_whole_session(town: World) -> None:
    employer = town.employer()
    body = {"refresh_token": employer.refresh_token}
    renewed = ok(town.http.post("/api/auth/refresh", json=body))
    assert keys(renewed) == shapes.TOKENS
    problem(town.http.post("/api/auth/refresh", json=body), 401)
    headers = {"Authorization": f"Bearer {renewed['access_token']}"}
    problem(town.http.get("/api/auth/me", headers=headers), 401)
    newer = {"refresh_token": renewed["refresh_token"]}
    problem(town.http.post("/api/auth/refresh", json=newer), 401)


def test_logout_kills_the_token_and_the_way_to_a_new_one(town: World) -> None:
    employer = town.employer()
    assert ok(employer.get("/api/auth/me"))["email"] == employer.email
    gone = employer.post("/api/auth/logout")
    assert (gone.status_code, gone.content) == (204, b"")
    problem(employer.get("/api/auth/me"), 401)
    body = {"refresh_token": employer.refresh_token}
    problem(town.http.post("/api/auth/refresh", json=body), 401)


def test_a_new_password_ends_every_other_session(town: World) -> None:
    here = town.employer()
    there = town.sign_in(here.email or "", role="employer")
    body = {"current_password": PASSWORD, "password": "quite another long sentence"}
    assert here.post("/api/auth/password/change", body).status_code == 204
    problem(there.get("/api/auth/me"), 401)
    town.sign_in(here.email or "", role="employer", password="quite another long sentence")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer x",
        "Bearer a.b.c",
        "Basic YWRtaW46YWRtaW4=",
        "bearer null",
        "Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiIxIn0.",
        "Bearer " + "a" * 5_000,
        "Bearer \xff\xfe",
    ],
)
def test_a_token_that_is_none_is_no_way_in(village: World, header: str) -> None:
    answer = village.http.get("/api/auth/me", headers={b"Authorization": header.encode("latin-1")})
    problem(answer, 401)
