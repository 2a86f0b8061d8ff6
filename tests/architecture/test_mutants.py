"""The table of mutants fits the code: each protection it takes away is there, once, and has its tests.

Whether a test notices is tried by `make mutants`.
"""

import ast

import pytest

from tests.mutants.table import ROOT, DoesNotApplyError, Mutant, mutants


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_a_mutant_applies_and_is_still_a_program(mutant: Mutant) -> None:
    before = (ROOT / mutant.file).read_text(encoding="utf-8")
    mutated = mutant.mutated(before)
    assert mutated != before
    if mutant.file.endswith(".py"):
        ast.parse(mutated)
    for test in mutant.tests:
        assert (ROOT / test.partition("::")[0]).exists(), test


def test_names_are_given_once() -> None:
    names = [mutant.name for mutant in mutants()]
    assert sorted(set(names)) == sorted(names)


def test_a_mutant_whose_text_is_gone_says_so() -> None:
    mutant = Mutant("gone", "app/x.py", "assert safe", "", "why", ("tests/x.py",))
    with pytest.raises(DoesNotApplyError, match="gone: its text stands 0 times"):
        mutant.mutated("nothing")
    with pytest.raises(DoesNotApplyError, match="stands 2 times"):
        mutant.mutated("assert safe; assert safe")
