"""What every answer has in common, and every request that makes no sense."""

import json
import re
from typing import Any

import pytest

from tests.acceptance import shapes
from tests.acceptance.shapes import keys, problem
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok

REGISTER = "/api/auth/register/employer"
PROFILE = "/api/workers/profile"


def _worker(village: World) -> Person:
    if "worker" not in village.extra:
        village.extra["worker"] = village.worker(slots=())
    person: Person = village.extra["worker"]
    return person


def test_a_request_id_is_echoed_or_made(village: World) -> None:
    echoed = village.http.get("/health", headers={"X-Request-ID": "abc-123"})
    assert echoed.headers["x-request-id"] == "abc-123"
    made = {village.http.get("/health").headers["x-request-id"] for _ in range(2)}
    assert len(made) == 2
    for evil in ("a" * 10_000, "<script>", "a b", "x\ty"):
        answer = village.http.get("/api/auth/me", headers={"X-Request-ID": evil})
        assert answer.headers["x-request-id"] != evil
        assert problem(answer, 401)["request_id"] == answer.headers["x-request-id"]


def test_personal_answers_are_never_stored(village: World) -> None:
    worker = _worker(village)
    for answer in (worker.get(PROFILE), worker.get("/api/auth/me"), worker.get("/api/admin/stats")):
        assert "no-store" in answer.headers["cache-control"]
    for path in (PROFILE, "/pay/some-token", "/reset-password?token=some-token"):
        headers = village.http.get(path).headers
        assert "no-store" in headers["cache-control"], path
        assert headers["referrer-policy"] == "no-referrer", path


def test_headers_protect(village: World) -> None:
    for path in ("/health", "/api/auth/me", "/api/nothing", "/"):
        headers = village.http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "x-powered-by" not in headers


def test_refusals_of_the_server_itself_are_problems_too(village: World) -> None:
    problem(village.http.get("/api/nothing"), 404, "not_found")
    wrong_method = village.http.patch(PROFILE, json={})
    problem(wrong_method, 405, "method_not_allowed")
    assert "GET" in wrong_method.headers["allow"]
    problem(village.http.post("/api/auth/otp", content=b"x" * 300_000), 413)


def test_a_body_without_a_length_is_measured_too(village: World) -> None:
    chunks = (b"[" * 10_000 for _ in range(60))
    answer = village.http.post(
        "/api/auth/otp", content=chunks, headers={"Content-Type": "application/json"}
    )
    problem(answer, 413, "body_too_large")


NOT_JSON = {
    "nothing": b"",
    "half": b'{"name": ',
    "a word": b"hello",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "text": b'"x"',
    "deep": b'{"name":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "deep objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "not utf-8": b'{"name": "\xff\xfe"}',
    "a byte order mark": b"\xef\xbb\xbf[]",
    "a long number": b'{"experience_years": ' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("name", NOT_JSON)
def test_a_body_that_is_no_object_is_refused(village: World, name: str) -> None:
    answer = _worker(village).put(
        PROFILE, content=NOT_JSON[name], headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422), answer.text
    problem(answer, answer.status_code)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "image/png"])
def test_another_content_type_is_refused(village: World, kind: str) -> None:
    body = json.dumps({"name": "Asha"}).encode()
    answer = _worker(village).put(PROFILE, content=body, headers={"Content-Type": kind})
    assert answer.status_code in (415, 422)
    problem(answer, answer.status_code)


RAW_VALUES = [
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    str(2**63),
    str(2**64),
    str(-(2**63) - 1),
    "1e400000",
    "true",
    "null",
    '"5"',
    "[]",
    "{}",
    "5.5",
    '"\\u0000"',
]


@pytest.mark.parametrize("field", ["experience_years", "max_distance_km", "weekly_offer_cap"])
@pytest.mark.parametrize("raw", RAW_VALUES)
def test_numbers_are_finite_and_bounded(village: World, field: str, raw: str) -> None:
    if (field, raw) in {("max_distance_km", "5.5"), ("weekly_offer_cap", "null")}:
        return
    body = f'{{"{field}": {raw}}}'.encode()
    answer = _worker(village).put(
        PROFILE, content=body, headers={"Content-Type": "application/json"}
    )
    told = problem(answer, 422)
    assert told["errors"][0]["field"].split(".")[0] in (field, "")


@pytest.mark.parametrize("raw", [*RAW_VALUES, "91", "-90.0001"])
def test_places_are_on_the_earth(village: World, raw: str) -> None:
    if raw == "5.5":
        return
    body = f'{{"location": {{"latitude": {raw}, "longitude": 72.8}}}}'.encode()
    answer = _worker(village).put(
        PROFILE, content=body, headers={"Content-Type": "application/json"}
    )
    problem(answer, 422)


TEXTS = {
    "nul": '"a\\u0000b"',
    "lone high surrogate": '"\\ud800"',
    "lone low surrogate": '"x\\udc00"',
    "blank": '"   "',
    "empty": '""',
    "huge": json.dumps("x" * 100_000),
    "escape": '"\\u001b[31m"',
    "number": "5",
    "list": '["Asha"]',
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_that_no_database_keeps_is_refused(village: World, name: str) -> None:
    body = f'{{"name": {TEXTS[name]}}}'.encode()
    answer = _worker(village).put(
        PROFILE, content=body, headers={"Content-Type": "application/json"}
    )
    problem(answer, 422)


def test_text_is_trimmed_and_composed(village: World) -> None:
    worker = village.worker(slots=())
    decomposed = "  Rene\u0301 \u0905\u0936\u093e "
    profile = ok(worker.put(PROFILE, {"name": decomposed}))
    assert profile["name"] == "Ren\u00e9 \u0905\u0936\u093e"
    problem(worker.put(PROFILE, {"na\u0000me": "x"}), 422)


def test_markup_in_text_stays_text(village: World) -> None:
    worker = village.worker(slots=())
    text = "<img src=x onerror=alert(1)> {{7*7}} ${jndi:ldap://x} '; DROP TABLE users; --"
    assert ok(worker.put(PROFILE, {"bio": text}))["bio"] == text
    assert worker.get(PROFILE).headers["content-type"].startswith("application/json")


def test_what_was_submitted_is_not_echoed(village: World) -> None:
    secret = "my-secret-password-7731"
    bodies: list[dict[str, Any]] = [
        {"role": "employer", "email": "x@example.com", "password": [secret]},
        {"role": "employer", "email": 5, "password": secret},
        {"role": "nobody", "email": "x@example.com", "password": secret},
        {"role": "worker", "phone": "+919820011001", "code": secret},
    ]
    for body in bodies:
        answer = village.http.post("/api/auth/login", json=body)
        assert answer.status_code in (401, 422)
        assert secret not in answer.text
    register = {"company_name": "C", "contact_name": "R", "email": "no", "password": secret}
    answer = village.http.post(REGISTER, json=register)
    problem(answer, 422)
    assert secret not in answer.text
    answer = village.http.post("/api/auth/refresh", json={"refresh_token": secret})
    assert secret not in answer.text
    assert answer.status_code == 401


def test_a_field_is_named_by_its_path(village: World) -> None:
    body = village.job_body(slots=[{"weekday": "saturday", "start": "25:00", "end": "18:00"}])
    employer = village.employer()
    (error,) = problem(employer.post("/api/employers/jobs", body), 422)["errors"]
    assert error["field"] == "slots.0.start"
    body = village.job_body(location={"latitude": 1})
    (error,) = problem(employer.post("/api/employers/jobs", body), 422)["errors"]
    assert error["field"] == "location.longitude"


@pytest.mark.parametrize(
    "email",
    [
        "",
        "no",
        "@",
        "a@",
        "@b.example",
        "a b@example.com",
        "a@example..com",
        "a@example.com\nBcc: x@example.com",
        "a" * 300 + "@example.com",
        "a@" + "b" * 300 + ".com",
    ],
)
def test_an_address_that_is_none_is_refused(village: World, email: str) -> None:
    body = {"company_name": "C", "contact_name": "R", "email": email, "password": PASSWORD}
    problem(village.http.post(REGISTER, json=body), 422)


@pytest.mark.parametrize(
    "phone", ["", "123", "+91", "+9198200", "abc", "+91 98200 1100a", "+999123456789", "0" * 31]
)
def test_a_phone_that_is_none_is_refused(village: World, phone: str) -> None:
    body = {"name": "Asha", "phone": phone, "consent": True}
    told = problem(village.http.post("/api/auth/register/worker", json=body), 422)
    assert told["errors"][0]["field"] == "phone"


def test_a_query_that_makes_no_sense_is_refused(village: World) -> None:
    admin, worker = village.admin(), _worker(village)
    for path in (
        "/api/admin/workers?verified=perhaps",
        "/api/admin/workers?status=happy",
        "/api/admin/logs?from=yesterday",
        "/api/admin/logs?to=2026-11-22T09:30:00",
        "/api/admin/messages?state=lost",
    ):
        problem(admin.get(path), 422)
    for limit in ("0", "101", "-1", "x", "1.5", "", "true", "9" * 400):
        problem(worker.get(f"/api/workers/offers?limit={limit}"), 422)
    for q in ("%00", "%ED%A0%80", "x" * 5_000, "%", "_", "\\", "';--"):
        assert admin.get(f"/api/admin/workers?q={q}").status_code in (200, 422)


def test_health_and_the_front_page(village: World) -> None:
    health = village.http.get("/health")
    assert keys(ok(health)) == {"status", "version"}
    assert health.json()["status"] == "ok"
    ok(village.http.get("/health/ready"))
    front = ok(village.http.get("/"))
    assert front["version"] == health.json()["version"]
    assert {"name", "version", "links"} <= keys(front)
    for link in front["links"].values():
        assert village.http.get(link).status_code == 200, link
    page = village.http.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    problem(village.http.get("/metrics"), 404)


def test_the_document_of_the_interface_names_errors_and_models(village: World) -> None:
    document = ok(village.http.get("/openapi.json"))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            answers = operation["responses"]
            good = [a for status, a in answers.items() if status.startswith("2")]
            assert good, where
            for status, answer in answers.items():
                if status.startswith("4"):
                    assert "application/problem+json" in answer["content"], where
                if status in ("200", "201", "202"):
                    kinds = answer["content"]
                    if "application/json" in kinds:
                        assert kinds["application/json"]["schema"], where
                    elif where != "get /api/webhooks/whatsapp":
                        assert {*kinds} <= {"text/csv", "application/pdf", "text/event-stream"}, (
                            where
                        )
            if "{" in path:
                assert "404" in answers, where


def test_ids_and_instants_are_written_one_way(village: World) -> None:
    employer = village.employer()
    village.job(employer, publish=False)
    (job,) = shapes.page(employer.get("/api/employers/jobs"))
    shapes.uuid7(job["id"])
    shapes.instant(job["created_at"])
    assert re.fullmatch(r"\d\d:\d\d", job["slots"][0]["start"])


def test_other_sites_may_not_call_us_from_a_browser(village: World) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = village.http.options("/api/auth/login", headers=headers)
    assert "access-control-allow-origin" not in answer.headers
