"""Starting the product as people do, and as machines do."""

import socket
import sys
from pathlib import Path

from tests.infra.live import running


def test_a_port_in_use_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running(
            [sys.executable, "-m", "app", "serve"], tmp_path, {"PORT": str(port)}
        ) as process:
            assert process.wait(30) == 1
    said = (tmp_path / "output.log").read_text().strip()
    assert f"Port {port}" in said
    assert len(said.splitlines()) == 1
