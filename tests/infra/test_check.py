"""`python -m app check --deploy` says beforehand what production would lack."""

import sys
from pathlib import Path

from tests.infra.live import running
from tests.infra.run import free_port


def test_all_that_is_missing_is_named_at_once_each_in_a_sentence(tmp_path: Path) -> None:
    """What forbids the start, what does not answer, and what would merely be a pity."""
    lacking = {
        "SECRET_KEY": "short",
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "PUBLIC_URL": "http://partimer.example",
    }
    command = [sys.executable, "-m", "app", "check", "--deploy"]
    with running(command, tmp_path, lacking, forked=True) as process:
        assert process.wait(60) == 1
    lines = (tmp_path / "output.log").read_text().splitlines()
    assert all(line.startswith("- ") for line in lines), lines
    named = {line.removeprefix("- ").split()[0] for line in lines}
    assert named >= {
        *("SECRET_KEY", "PUBLIC_URL", "REDIS_URL", "DATABASE_URL", "DATA_KEY"),
        *("WHATSAPP_API_TOKEN", "STRIPE_SECRET_KEY", "SMTP_URL", "ALLOWED_PHONE_COUNTRIES"),
    }


def test_a_language_model_that_can_not_be_asked_is_named_and_where_texts_go(
    tmp_path: Path,
) -> None:
    address = {"INTERPRETER_URL": "http://models.example/v1"}
    command = [sys.executable, "-m", "app", "check", "--deploy"]
    with running(command, tmp_path, address, forked=True) as process:
        assert process.wait(60) == 1
    told = (tmp_path / "output.log").read_text()
    named = [line.removeprefix("- ").split()[0] for line in told.splitlines()]
    assert {"INTERPRETER_URL", "INTERPRETER_KEY", "INTERPRETER_MODEL"} <= {*named}
    assert "To models.example go texts that the rules did not understand" in told
