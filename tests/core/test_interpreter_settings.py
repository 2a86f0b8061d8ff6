"""A language model whose address is set has to be usable; without an address nothing is asked of anybody."""

from typing import Any

import pytest
from pydantic import SecretStr

from app.core import production
from app.core.settings import SANDBOX_INTERPRETER_KEY, Settings

KEY = "sk-9fKq2LmTzXw7RbVc4HnPd8"
WHOLE = {"interpreter_key": SecretStr(KEY), "interpreter_model": "small"}


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def names(**values: Any) -> list[str]:
    return [problem.split()[0] for problem in production.interpreter(settings(**values))]


@pytest.mark.parametrize("environment", ["development", "test", "production"])
def test_without_an_address_nothing_is_missing(environment: str) -> None:
    assert names(environment=environment, interpreter_url=" ") == []
    assert production.what_leaves(settings(environment=environment)) == ""


def test_a_key_and_a_model_are_needed() -> None:
    address = "https://models.example/v1/"
    assert names(environment="production", interpreter_url=address) == [
        "INTERPRETER_KEY",
        "INTERPRETER_MODEL",
    ]
    assert names(environment="production", interpreter_url=address, **WHOLE) == []
    # Outside production the stand-in's key is known.
    assert names(interpreter_url=address) == ["INTERPRETER_MODEL"]
    assert settings().interpreter_secret == SANDBOX_INTERPRETER_KEY


def test_texts_go_over_https_in_production() -> None:
    plain = "http://10.0.0.5:8000/v1"
    assert names(environment="production", interpreter_url=plain, **WHOLE) == ["INTERPRETER_URL"]
    assert names(interpreter_url=plain, **WHOLE) == []
    assert names(interpreter_url="models.example", **WHOLE) == ["INTERPRETER_URL"]


def test_a_server_does_not_start_with_half_of_it() -> None:
    assert [
        problem.split()[0]
        for problem in settings(interpreter_url="https://m.example/v1").problems()
    ] == ["INTERPRETER_MODEL"]


def test_production_refuses_the_key_of_the_stand_in() -> None:
    problems = settings(
        environment="production",
        interpreter_url="https://models.example/v1",
        interpreter_key=SecretStr(SANDBOX_INTERPRETER_KEY),
        interpreter_model="small",
    ).problems()
    assert [
        problem for problem in problems if problem.startswith("INTERPRETER_KEY is the sandbox's")
    ]
