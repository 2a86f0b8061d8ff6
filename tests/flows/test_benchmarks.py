"""The benchmark of matching runs, and what it compares finds the same people."""

from pathlib import Path

import pytest

from benchmarks import matching


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_ours_and_the_plain_way_find_the_same_people(kind: str, tmp_path: Path) -> None:
    # `matching` itself refuses to measure two ways that disagree.
    result = await matching.on(kind, tmp_path, 300, rounds=1, against_naive=True)
    record = result.record()
    assert record["workers"] == 300
    assert {"search", "match", "plain ORM", "lean ORM"} <= record["times"].keys()
