"""The language rule: one word, one meaning; the field's nouns; no sentence said by rote.

What breaks it today is listed as an allowance. A list that names what is gone fails too, so that it only
gets shorter.
"""

import ast
from collections import defaultdict
from typing import Final

from tests.architecture.source import python_files

VAGUE_VERBS: Final = frozenset(
    "told said stands meant the_one look want free bar learn meet hear".split()
)
"""Verbs that say nothing of what is done: no function of a module has one of them for its name."""

SAME_DOCSTRING_AT_MOST: Final = 2

PUBLIC_CLASSES_NAMED_TWICE: Final = frozenset(
    """
    """.split()
)
FUNCTIONS_WITH_VAGUE_VERBS: Final[frozenset[str]] = frozenset()
DOCSTRINGS_SAID_BY_ROTE: Final[frozenset[str]] = frozenset()


def test_a_public_class_name_stands_for_one_thing() -> None:
    files = defaultdict(list)
    for source in python_files("app"):
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files[node.name].append(source.name)
    twice = {name: where for name, where in files.items() if len(where) > 1}
    assert twice.keys() == PUBLIC_CLASSES_NAMED_TWICE, twice


def test_functions_are_named_by_what_they_do() -> None:
    found = {
        f"{source.name}:{node.name}"
        for source in python_files("app")
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.lstrip("_") in VAGUE_VERBS
    }
    assert found == FUNCTIONS_WITH_VAGUE_VERBS


def test_a_docstring_says_something_of_its_own() -> None:
    files = defaultdict(list)
    for source in python_files("app"):
        for node in source.nodes:
            if isinstance(
                node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
            ) and (docstring := ast.get_docstring(node)):
                files[docstring].append(source.name)
    rote = {text for text, where in files.items() if len(where) > SAME_DOCSTRING_AT_MOST}
    assert rote == DOCSTRINGS_SAID_BY_ROTE


def test_the_chat_builds_no_statement() -> None:
    """It performs effects by the domains' verbs, and reads by their reads."""
    found = [
        f"{source.name}:{node.lineno}"
        for source in python_files("app/chat")
        for node in source.nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"select", "insert", "update", "delete", "exists", "insert_if_absent"}
    ]
    assert not found
