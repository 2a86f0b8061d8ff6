"""The language rule: one word, one meaning; the field's nouns; no docstring repeated by rote."""

import ast
import re
from collections import defaultdict
from typing import Final

from tests.architecture.source import ROOT, python_files

VAGUE_VERBS: Final = frozenset(
    "told said stands meant the_one look want free bar learn meet hear".split()
)
"""Verbs that say nothing of what is done: no function of a module has one of them for its name."""

SAME_DOCSTRING_AT_MOST: Final = 2


def test_a_public_class_name_stands_for_one_thing() -> None:
    files = defaultdict(list)
    for source in python_files("app"):
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files[node.name].append(source.name)
    twice = {name: where for name, where in files.items() if len(where) > 1}
    assert not twice


def test_functions_are_named_by_what_they_do() -> None:
    found = {
        f"{source.name}:{node.name}"
        for source in python_files("app")
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.lstrip("_") in VAGUE_VERBS
    }
    assert not found


def test_a_docstring_says_something_of_its_own() -> None:
    files = defaultdict(list)
    for source in python_files("app"):
        for node in source.nodes:
            if isinstance(
                node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
            ) and (docstring := ast.get_docstring(node)):
                files[docstring].append(source.name)
    rote = {text for text, where in files.items() if len(where) > SAME_DOCSTRING_AT_MOST}
    assert not rote


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


def test_the_glossary_names_what_is_in_the_code() -> None:
    text = "\n".join(source.text for source in python_files("app"))
    rows = re.findall(r"^\| \*\*.*", (ROOT / "docs/glossary.md").read_text("utf-8"), re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`([^`]+)`", row.split(" | ")[2])}
    assert len(names) > 80
    missing = {
        name
        for name in names
        if not (ROOT / name).exists()
        and not (ROOT / "app" / name).exists()
        and not all(re.search(rf"\b{part}\b", text) for part in name.split("."))
    }
    assert not missing
