"""The OpenAPI document: what a stranger reads, and what clients are generated from."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from starlette.routing import Route

from app.api.http.error_codes import error_codes
from app.core.errors import DomainError
from app.core.settings import Settings
from app.main import ROUTERS, create_app
from tests.support.app_harness import World
from tests.support.assertions import ok


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    application = create_app(Settings(environment="test", log_level="error"), loops=False)
    return application.openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each operation with its method and path in words."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_property_is_described(document: dict[str, Any]) -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, declared in schema.get("properties", {}).items()
        if not declared.get("description")
    ]
    assert silent == []


def test_every_parameter_is_described(document: dict[str, Any]) -> None:
    silent = [
        f"{where}: {parameter['name']}"
        for where, operation in operations(document)
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    assert silent == []


def test_a_route_for_everybody_says_that_it_needs_no_sign_in(document: dict[str, Any]) -> None:
    public = {where for where, operation in operations(document) if operation["security"] == []}
    assert {"POST /api/auth/login", "GET /health", "GET /api/catalogue/skills"} <= public
    assert not {where for where in public if "/workers/" in where or "/admin/" in where}
    assert all("security" in operation for _, operation in operations(document))


def test_every_answer_of_success_has_a_model(document: dict[str, Any]) -> None:
    bare = [
        f"{where}: {status}"
        for where, operation in operations(document)
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        and status != "204"
        and not all(content.get("schema") for content in answer.get("content", {"": {}}).values())
    ]
    assert bare == []


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield each operation with a body, its schema, and its examples."""
    for where, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            examples = {name: each["value"] for name, each in content.get("examples", {}).items()}
            yield where, content["schema"], examples


def test_every_body_has_an_example_that_its_own_model_takes(document: dict[str, Any]) -> None:
    wrong = []
    for where, schema, examples in bodies(document):
        whole = {**schema, "components": document["components"]}
        validator = jsonschema_rs.Draft202012Validator(whole)
        wrong += [where] if not examples else []
        for example in examples.values():
            wrong += [f"{where}: {error.message}" for error in validator.iter_errors(example)]
    assert wrong == []


def test_the_server_takes_every_example(village: World) -> None:
    """It may know no such thing, or refuse the step; it never finds fault with the body."""
    document = ok(village.http.get("/openapi.json"))
    people = {"workers": village.worker(slots=()), "employers": village.employer()}
    people["admin"] = village.admin()
    wrong = []
    for where, _, examples in bodies(document):
        method, path = where.split(" ")
        who = people.get(path.split("/")[2], people["employers"])
        for example in examples.values():
            address = path.replace("{channel}", "whatsapp")
            address = re.sub(r"\{\w+\}", "01936d5e-7c00-7000-8000-000000000000", address)
            answer = who.request(method, address, json=example)
            if answer.status_code == 422 and answer.json()["code"] == "invalid":
                wrong.append(f"{where}: {answer.text}")
    assert wrong == []


def test_every_code_is_explained(document: dict[str, Any]) -> None:
    listed = document["components"]["schemas"]["ErrorCode"]["enum"]
    codes = error_codes()
    assert sorted(listed) == sorted({error.code for error in codes})
    assert [error for error in codes if not (error.title and error.when and error.remedy)] == []
    used = {
        code
        for _, operation in operations(document)
        for answer in operation["responses"].values()
        for code in answer.get("x-codes", ())
    }
    assert used <= set(listed)


def test_every_refusal_of_the_source_is_a_listed_code() -> None:
    """A code written where an error is raised is one of its class, or the edge's own."""
    listed = {error.code for error in error_codes()}
    kinds = {"DomainError", *(kind.__name__ for kind in DomainError.__subclasses__())}
    strangers = []
    for file in sorted(Path("app").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            told = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            told = told if name in kinds else node.args[2:3] if name == "problem" else []
            strangers += [
                f"{file}: {value.value!r}"
                for value in told
                if isinstance(value, ast.Constant) and value.value not in listed | AT_START
            ]
    assert strangers == []


AT_START = frozenset({"migrations_missing", "flow_refused"})
"""What only a command or a process that starts is told; nobody is answered so over HTTP."""

VERBS = frozenset(
    "accept act add answer block cancel change close confirm correct create delete disable enable end erase "
    "expire explain export forecast get hand list login logout pay publish receive refresh refund register "
    "remove rename repeat replace reply report request resend reset respond retry save search send set take top "
    "trigger unblock unlock update verify withdraw reconsider appeal resume halt join leave merge preview "
    "stop undo use".split()
)
"""What an operation does: the word after its tag."""


def test_an_operation_is_called_by_tag_verb_and_noun(document: dict[str, Any]) -> None:
    odd = []
    for where, operation in operations(document):
        tag, verb, *noun = operation["operationId"].split("_")
        if [tag] != operation["tags"] or verb not in VERBS or not noun:
            odd.append(f"{where}: {operation['operationId']}")
    assert odd == []


def test_every_operation_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert sorted(names) == sorted(set(names))
    assert "employers_publish_job" in names


def test_every_model_stands_once_by_a_plain_name(document: dict[str, Any]) -> None:
    odd = [name for name in document["components"]["schemas"] if not name.isalnum()]
    assert odd == [], "two classes of one name, or a generic one without a name"
    assert "OfferPage" in document["components"]["schemas"]


def test_the_vocabularies_are_named_by_what_they_list(document: dict[str, Any]) -> None:
    models = document["components"]["schemas"]
    assert {"OfferAnswer", "HandoffReason", "DeferralReason"} <= models.keys()
    assert not {"Answer", "Why", "Held"} & models.keys()


def test_an_unlock_says_what_200_and_what_202_returns(document: dict[str, Any]) -> None:
    answers = document["paths"]["/api/employers/matches/{match_id}/unlock"]["post"]["responses"]

    def model(status: str) -> str:
        schema: str = answers[status]["content"]["application/json"]["schema"]["$ref"]
        return schema.rpartition("/")[2]

    assert (model("200"), model("202")) == ("Unlocked", "Pending")


def test_no_page_is_served_beside_the_document_but_these() -> None:
    """Pages opened by a link in a message (its token is the right), and what only machines read."""
    hidden = {
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, Route) and not getattr(route, "include_in_schema", True)
    }
    assert hidden == {
        "/metrics",
        "/pay/{token}",
        "/pay/again.js",
        "/reset-password",
        "/confirm-email",
    }
