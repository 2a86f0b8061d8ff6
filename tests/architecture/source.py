"""The project's own source, as the rules about it see it: files, syntax trees, what is called."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DOMAINS = (
    "identity",
    "policy",
    "audit",
    "messaging",
    "workers",
    "employers",
    "jobs",
    "offers",
    "matching",
    "payments",
    "privacy",
    "reporting",
)


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: Path

    @property
    def name(self) -> str:
        """Path from the root, as people write it."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        """What the file says."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """What Python makes of it."""
        return ast.parse(self.text, self.name)

    @cached_property
    def aliases(self) -> dict[str, str]:
        """What each imported name stands for: `dt` for `datetime`, `now` for `datetime.now`."""
        found = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return found

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def mentions(self) -> tuple[tuple[str, int], ...]:
        """Every dotted name in use, imports resolved, with its line.

        `dt.datetime.now` reads `datetime.datetime.now`, however it was imported.
        """
        return tuple(self._mentions())

    def _mentions(self) -> Iterator[tuple[str, int]]:
        for node in self.nodes:
            if isinstance(node, ast.Attribute | ast.Name):
                dotted = _dotted(node)
                if dotted:
                    first, _, rest = dotted.partition(".")
                    whole = self.aliases.get(first, first)
                    yield (f"{whole}.{rest}" if rest else whole), node.lineno


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else None
    return None


@cache
def _source(path: Path) -> Source:
    return Source(path)  # one of each file, so that it is read and parsed once


@cache
def python_files(*folders: str) -> tuple[Source, ...]:
    """Return the Python files under `folders` (from the root), in order; a missing one has none."""
    return tuple(
        _source(path)
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if ".venv" not in path.parts
    )


def domain_files() -> tuple[Source, ...]:
    """Return the files of every domain."""
    return python_files(*(f"app/{domain}" for domain in DOMAINS))


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return what a commit would hold: every file that git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    paths = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    return tuple(path for path in paths if path.is_file() and not path.is_symlink())
