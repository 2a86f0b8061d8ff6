"""The contract's answers as exact sets of fields, and what every answer has in common."""

import re
from typing import Any
from uuid import UUID

import httpx

from tests.support.assertions import ok

TOKENS = set("access_token token_type expires_in refresh_token user".split())
SIGNED_IN_USER = set("id role status name".split())
ME = set("id role status name email phone created_at".split())
WORKER = set(
    "id name phone language city location max_distance_km skills experience_years bio time_zone "
    "weekly_offer_cap quiet_hours status verified reliability created_at updated_at".split()
)
SLOT = set("id weekday start end".split())
PLAIN_SLOT = set("weekday start end".split())
TIME_OFF = set("id starts_on ends_on".split())
OFFER = set("id status job why offered_at respond_by responded_at".split())
OFFERED_JOB = set(
    "id title category description company_name employer_verified city distance_km starts_on ends_on "
    "time_zone slots salary positions".split()
)
WORKER_DASHBOARD = set(
    "offers unlocked acceptance_rate median_response_minutes profile_completeness".split()
)
OFFER_COUNTS = set("offered accepted rejected expired withdrawn".split())
EMPLOYER = set(
    "id company_name contact_name email phone address city location tax_id status verified "
    "created_at updated_at".split()
)
PROGRESS = set("wave offered accepted rejected expired unlocked".split())
JOB_GIVEN = set(
    "title description category location city address starts_on ends_on time_zone slots positions "
    "required_skills preferred_skills min_experience_years radius_km salary "
    "respond_within_minutes".split()
)
JOB = JOB_GIVEN | {"id", "status", "progress", "created_at", "updated_at"}
MATCH = set(
    "id status score breakdown distance_km worker price quote unlocked contact offered_at respond_by "
    "responded_at why free others_bought".split()
)
BREAKDOWN = set("distance availability skills experience reliability".split())
MATCHED_WORKER = set("display_name city skills experience_years verified reliability".split())
CONTACT = {"name", "phone", "whatsapp_url"}
PENDING_UNLOCK = set("status payment_id checkout_url expires_at price quote".split())
UNLOCKED = {"status", "contact", "payment"}
EMPLOYER_DASHBOARD = set(
    "jobs matches leads_unlocked spend median_minutes_to_first_accept acceptance_rate".split()
)
JOB_COUNTS = set("draft published filled expired cancelled".split())
MATCH_COUNTS = set("offered accepted rejected expired".split())
WAVE = set("job_id wave candidates offers_created".split())
PROBLEM = set("type title status detail code request_id".split())

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def keys(value: Any) -> set[str]:
    """Return the names of the fields of an object."""
    assert isinstance(value, dict), value
    return set(value)


def instant(text: Any) -> None:
    """Check that this is an instant of RFC 3339, in UTC."""
    assert isinstance(text, str), text
    assert _INSTANT.fullmatch(text), text


def uuid7(text: Any) -> None:
    """Check that this is an id."""
    assert isinstance(text, str)
    assert UUID(text).version == 7, text
    assert text == str(UUID(text))


def money(value: Any) -> None:
    """Check that this is money: whole minor units and a currency."""
    assert keys(value) == {"amount", "currency"}
    assert type(value["amount"]) is int
    assert re.fullmatch("[A-Z]{3}", value["currency"])


def page(answer: httpx.Response) -> list[Any]:
    """Return the items of a list that must be a page."""
    body = ok(answer)
    assert keys(body) == {"items", "next_cursor"}
    items: list[Any] = body["items"]
    return items


def problem(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """Return the problem of a refusal, after checking all that every refusal has."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert keys(body) >= PROBLEM, body
    assert body["status"] == status
    assert re.fullmatch("[a-z][a-z0-9_]*", body["code"]), body["code"]
    assert body["request_id"] == answer.headers["x-request-id"]
    if code is not None:
        assert body["code"] == code, body
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    if status == 422:
        assert isinstance(body["errors"], list)
        assert all(keys(error) == {"field", "message"} for error in body["errors"])
    if status == 429:
        assert int(answer.headers["retry-after"]) >= 0
    return body
