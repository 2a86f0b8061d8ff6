"""An employer's own profile over HTTP."""

from typing import Any
from uuid import UUID

import pytest

from app.employers.models import Employer
from app.employers.tax_place import place_of
from tests.support.app_harness import BANDRA, Person, World
from tests.support.assertions import ok, refused

PROFILE = "/api/employers/profile"


@pytest.fixture(scope="module")
def employer(shared_world: World) -> Person:
    """An employer whose requests are refused, and who so stays as they are."""
    return shared_world.employer()


def test_an_employer_reads_what_was_said_at_registration(shared_world: World) -> None:
    employer = shared_world.employer_through_doors(
        company_name="Cafe Leopold", location=BANDRA, phone="022 6987 6543"
    )
    profile = ok(employer.get(PROFILE))
    assert set(profile) == {
        *("id", "company_name", "contact_name", "email", "phone", "address", "city", "location"),
        *("tax_id", "status", "verified", "created_at", "updated_at"),
    }
    assert profile["id"] == employer.id
    assert profile["company_name"] == "Cafe Leopold"
    assert profile["contact_name"] == "Rustom Irani"
    assert profile["email"] == employer.email
    assert profile["phone"] == "+912269876543"
    assert profile["location"] == BANDRA
    assert profile["tax_id"] is None
    assert profile["status"] == "active"
    assert profile["verified"] is False


def test_a_field_left_out_keeps_its_value(sqlite_world: World) -> None:
    employer = sqlite_world.employer()
    before = ok(employer.get(PROFILE))
    sqlite_world.clock.advance(minutes=1)
    after = ok(employer.put(PROFILE, {"address": "1 Colaba Causeway"}))
    assert after.pop("address") == "1 Colaba Causeway"
    assert after.pop("updated_at") > before.pop("updated_at")
    before.pop("address")
    assert after == before


def test_everything_of_one_s_own_can_be_changed_and_emptied(shared_world: World) -> None:
    employer = shared_world.employer()
    changes = {
        "company_name": "Leopold & Sons",
        "contact_name": "Freny Irani",
        "phone": "+912269876543",
        "address": "1 Colaba Causeway",
        "city": "Pune",
        "location": BANDRA,
        "tax_id": "27AAPFU0939F1ZV",
    }
    ok(employer.put(PROFILE, changes))
    kept = ok(employer.get(PROFILE))
    assert {name: kept[name] for name in changes} == changes
    empty = ("phone", "address", "city", "location", "tax_id")
    ok(employer.put(PROFILE, dict.fromkeys(empty)))
    kept = ok(employer.get(PROFILE))
    assert [kept[name] for name in empty] == [None] * 5
    assert ok(employer.get("/api/auth/me"))["name"] == "Freny Irani"


def test_two_employers_may_share_a_phone(shared_world: World) -> None:
    for _ in range(2):
        answer = shared_world.employer().put(PROFILE, {"phone": "+912269876543"})
        assert ok(answer)["phone"] == "+912269876543"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"company_name": None}, "company_name"),
        ({"contact_name": None}, "contact_name"),
        ({"company_name": " "}, "company_name"),
        ({"company_name": "Earn Rs 5000 daily from home"}, "company_name"),
        ({"company_name": "Registration fee 500 only"}, "company_name"),
        ({"email": "no address"}, "email"),
        ({"verified": True}, "verified"),
        ({"status": "active"}, "status"),
        ({"phone": "12345"}, "phone"),
        ({"phone": "+911234567890123"}, "phone"),
        ({"tax_id": "???"}, "tax_id"),
        ({"tax_id": "1234"}, "tax_id"),
        ({"location": {"latitude": 1, "longitude": 181}}, "location.longitude"),
        ({"address": "x" * 201}, "address"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(
    employer: Person, changes: dict[str, Any], field: str
) -> None:
    before = ok(employer.get(PROFILE))
    problem = refused(employer.put(PROFILE, changes), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert ok(employer.get(PROFILE)) == before


def test_a_tax_number_is_kept_in_capitals(shared_world: World) -> None:
    answer = shared_world.employer().put(PROFILE, {"tax_id": " 27aapfu0939f1zv "})
    assert ok(answer)["tax_id"] == "27AAPFU0939F1ZV"


@pytest.mark.parametrize(
    ("tax_id", "says"),
    [
        ("27AAPFU0939F1Z", "this has 14"),
        ("27AAPFU0939F1ZX", "last character"),
        ("27AAPFU0939F 1Z V7", "this has 16"),
        ("99AAPFU0939F1ZV", "two digits of the state"),
        ("DE136695976", "GSTIN"),
    ],
)
def test_a_wrong_gstin_is_refused_with_what_is_wrong(
    employer: Person, tax_id: str, says: str
) -> None:
    before = ok(employer.get(PROFILE))
    problem = refused(employer.put(PROFILE, {"tax_id": tax_id, "city": "Pune"}), 422, "invalid")
    [error] = problem["errors"]
    assert error["field"] == "tax_id"
    assert says in error["message"]
    assert ok(employer.get(PROFILE)) == before


def test_a_company_of_another_country_has_its_own_tax_number(shared_world: World) -> None:
    employer = shared_world.employer()
    berlin = {"city": "Berlin", "tax_id": "de 136 695 976"}
    assert ok(employer.put(PROFILE, berlin))["tax_id"] == "DE136695976"
    refused(employer.put(PROFILE, {"tax_id": "DE136695977"}), 422, "invalid")
    dubai = {"city": "Dubai", "tax_id": "TRN 1003"}
    assert ok(employer.put(PROFILE, dubai))["tax_id"] == "TRN 1003"
    refused(employer.put(PROFILE, {"city": "Hyderabad", "tax_id": "TRN 1004"}), 422, "invalid")


@pytest.mark.parametrize(
    ("city", "country", "state"),
    [
        ("Dubai", "AE", None),
        ("hyderabad", "IN", "Telangana"),
        ("दिल्ली", "IN", "Delhi"),
        ("Dadar", "IN", "Maharashtra"),
        ("Salem", "IN", "Tamil Nadu"),
        ("Moscow", "RU", None),
    ],
)
def test_a_company_s_city_is_the_one_that_people_mean(
    city: str, country: str, state: str | None
) -> None:
    place = place_of(city)
    assert place is not None
    assert (place.country, place.state) == (country, state)
    assert place_of("Nowhere at all") is place_of(None) is None


def test_a_tax_number_from_before_the_check_comes_back_and_stays(shared_world: World) -> None:
    employer = shared_world.employer()

    async def as_before(session: Any) -> None:
        mine = await session.get_one(Employer, UUID(employer.id))
        mine.tax_id = "OLD 1234"

    shared_world.in_session(as_before)
    profile = ok(employer.get(PROFILE))
    kept = {name: profile[name] for name in ("company_name", "city", "tax_id")}
    assert ok(employer.put(PROFILE, kept))["tax_id"] == "OLD 1234"
    assert ok(employer.put(PROFILE, {"tax_id": None}))["tax_id"] is None


def test_another_company_takes_the_verification_away(shared_world: World) -> None:
    employer = shared_world.employer(verified=True)
    assert ok(employer.put(PROFILE, {"city": "Pune"}))["verified"] is True
    assert ok(employer.put(PROFILE, {"company_name": "Other"}))["verified"] is False


def test_the_profile_is_for_employers_only(shared_world: World) -> None:
    refused(shared_world.http.get(PROFILE), 401, "not_authenticated")
    refused(shared_world.worker(slots=()).get(PROFILE), 403, "wrong_role")
