"""A TypeScript client made from the document: its types hold, and a program that uses it works."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.app_harness import PASSWORD, World

PROJECT = Path(__file__).parent / "typescript"
INSTALLED = PROJECT / "node_modules"
REQUESTS = ("--default-non-nullable", "false")
"""A field with a default may be left out of what is sent."""


def run(folder: Path, *command: str | Path) -> str:
    """Run one of the installed programs by node; return what it says. Fails where it does."""
    done = subprocess.run(
        ["node", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_company_posts_a_job_with_the_made_types(
    document_file: Path, shared_world: World, tmp_path: Path
) -> None:
    if shutil.which("node") is None:
        pytest.skip("no node on this machine; to try the TypeScript client: apt-get install npm")
    if not INSTALLED.is_dir():
        pytest.skip("the TypeScript client's tools aren't installed: make clients")
    for name in ("package.json", "tsconfig.json", "story.ts"):
        shutil.copyfile(PROJECT / name, tmp_path / name)
    (tmp_path / "node_modules").symlink_to(INSTALLED)
    run(
        tmp_path,
        *(
            "node_modules/openapi-typescript/bin/cli.js",
            document_file,
            "-o",
            tmp_path / "api.ts",
            *REQUESTS,
        ),
    )
    run(tmp_path, "node_modules/typescript/bin/tsc", "--project", "tsconfig.json")
    assert run(tmp_path, "story.js", shared_world.url, PASSWORD) == "posted\n"
