"""No whole number that a door lets in is too large for the column it goes to."""

from typing import Any, Final

import pytest
from sqlalchemy import BigInteger, Integer, SmallInteger

from app.core.schema import MAX_AMOUNT
from app.database.schema import load_models
from app.main import ROUTERS
from app.policy.policy import Policy
from tests.support.app_harness import World
from tests.support.assertions import ok

MOST_IN_32_BITS: Final = 2**31 - 1


def test_no_amount_of_money_goes_into_32_bits() -> None:
    small = {
        f"{table.name}.{column.name}"
        for table in load_models().tables.values()
        for column in table.columns
        if isinstance(column.type, (Integer, SmallInteger))
        and not isinstance(column.type, BigInteger)
    }
    assert not {name for name in small if "amount" in name or "price" in name or "balance" in name}


def integers(schema: Any, path: str = "") -> dict[str, Any]:
    """Return every integer of a JSON schema, by its path."""
    found = {}
    if isinstance(schema, dict):
        if schema.get("type") == "integer":
            found[path] = schema
        for name, part in schema.items():
            found |= integers(part, f"{path}.{name}")
    elif isinstance(schema, list):
        for number, part in enumerate(schema):
            found |= integers(part, f"{path}.{number}")
    return found


def bodies() -> dict[str, Any]:
    """Return the schema of every request's body, by its route."""
    from pydantic import TypeAdapter

    found = {}
    for router in ROUTERS:
        for route in router.routes:
            field = getattr(route, "body_field", None)
            if field is not None:
                adapter = TypeAdapter(field.field_info.annotation)
                found[getattr(route, "path", "")] = adapter.json_schema()
    return found


def test_every_whole_number_in_a_body_is_bounded_to_what_is_stored() -> None:
    assert bodies()
    for path, schema in (bodies() | {"policy": Policy.model_json_schema()}).items():
        for where, number in integers(schema).items():
            most = number.get("maximum", number.get("exclusiveMaximum"))
            assert most is not None, (path, where)
            money = number["maximum"] > MOST_IN_32_BITS
            assert not money or ".amount" in where, (path, where)
            assert most <= MAX_AMOUNT, (path, where)


@pytest.mark.parametrize("amount", [MOST_IN_32_BITS, MOST_IN_32_BITS + 1, MAX_AMOUNT])
def test_a_salary_may_be_as_large_as_the_door_lets_in(world: World, amount: int) -> None:
    employer, worker = world.employer(), world.worker()
    salary = {"amount": amount, "currency": "IRR", "per": "month"}
    job = world.job(employer, salary=salary)
    assert ok(employer.get(f"/api/employers/jobs/{job['id']}"))["salary"] == salary
    (offer,) = world.offers(worker)
    assert offer["job"]["salary"] == salary


def test_a_larger_one_is_refused(sqlite_world: World) -> None:
    employer = sqlite_world.employer()
    body = sqlite_world.job_body(
        salary={"amount": MAX_AMOUNT + 1, "currency": "IRR", "per": "month"}
    )
    assert employer.post("/api/employers/jobs", json=body).status_code == 422
