"""Whatever refuses an administrator says so in their language: no call falls back on words for somebody else."""

import ast
from typing import Any

import pytest

from app import main  # loads every refusal there is
from app.core.errors import DomainError, Invalid
from app.core.languages import languages
from app.web.site import has_words
from tests.infra.run import ROOT
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import lead
from tests.web.test_console import signed_in

FILES = (*(ROOT / "app/api/admin").glob("*.py"), ROOT / "app/api/matching.py")


def _kinds(kind: type[DomainError]) -> dict[str, type[DomainError]]:
    found = {kind.__name__: kind}
    for each in kind.__subclasses__():
        found |= _kinds(each)
    return found


def _declared() -> set[str]:
    """Return the codes that the calls of administrators say they refuse with."""
    assert main.ROUTERS
    kinds, names = _kinds(DomainError), set()
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "problems":
                names |= {each.id for each in node.args if isinstance(each, ast.Name)}
    refusals = [kinds[name] for name in names if not issubclass(kinds[name], Invalid)]
    return {str(code) for kind in refusals for code in (kind.code, *kind.other_codes)}


@pytest.mark.parametrize("language", languages())
def test_each_refusal_of_an_administrators_call_has_words(language: str) -> None:
    codes = _declared()
    assert len(codes) > 40
    assert sorted(code for code in codes if not has_words(language, f"error.{code}")) == []


def test_who_asked_for_a_large_refund_reads_in_hindi_that_another_approves_it(world: World) -> None:
    bought = lead(world)
    bought.buy()
    admin = world.admin()
    ok(admin.put("/api/admin/settings", {"limits": {"refund_alone_up_to": 100}}))
    body: dict[str, Any] = {"reason": "they called us"}
    made = ok(admin.post(f"/api/admin/payments/{bought.payment['id']}/refund", body))
    owner = signed_in(world)
    owner.language = "hi"
    owner.get("/console/lists/refunds?status=proposed")
    action = f"/console/lists/refunds/{made['id']}"
    refused = owner.send(action, {"action": "approve", "reason": "checked"})
    assert refused.status_code == 409
    assert "टीम का कोई और मंज़ूर करेगा" in refused.text
