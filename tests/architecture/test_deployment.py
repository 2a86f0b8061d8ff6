"""What production is started from agrees with the code it starts, as far as files can tell."""

import re
import shlex
from typing import Any

import pytest
import yaml

from app.core.settings import Settings
from tests.architecture.source import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if "build" in service}


def names_in(file: str) -> set[str]:
    """Return the variables that an .env example sets."""
    return set(re.findall(r"^([A-Z][A-Z0-9_]*)=", (ROOT / file).read_text(), re.MULTILINE))


def test_every_secret_file_has_an_example_and_is_ignored() -> None:
    ignored = (ROOT / ".gitignore").read_text()
    files = {file for service in SERVICES.values() for file in service.get("env_file", [])}
    assert files
    for file in files:
        assert (ROOT / f"{file}.example").exists(), file
    assert "deploy/*.env\n" in ignored


def test_no_service_carries_a_secret_in_the_open() -> None:
    for name, service in SERVICES.items():
        for variable in service.get("environment", {}):
            assert not re.search(r"SECRET|KEY|TOKEN|PASSWORD|_URL", variable), (name, variable)


def test_the_example_names_only_settings_that_exist() -> None:
    known = {name.upper() for name in Settings.model_fields}
    assert names_in("deploy/partimer.env.example") <= known
    for name in OURS:
        assert set(SERVICES[name].get("environment", {})) <= known


def test_the_runbook_says_of_every_alert_where_to_look() -> None:
    runbook = (ROOT / "deploy/README.md").read_text()
    told = r'(?:ALERTS\.labels\(|_alert\(|WebhookQueue\(\w+, )"(\w+)"'
    kinds = {
        kind for file in (ROOT / "app").rglob("*.py") for kind in re.findall(told, file.read_text())
    }
    assert {"safety", "password_guessing", "inbox_dead"} <= kinds
    assert sorted(kind for kind in kinds if f"`{kind}`" not in runbook) == []


def test_all_of_ours_run_as_production_with_nothing_to_write_to() -> None:
    assert {"api", "worker", "migrate"} == OURS
    for name in OURS:
        service = SERVICES[name]
        assert service["environment"]["ENVIRONMENT"] == "production"
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]


def test_background_loops_run_in_workers_only() -> None:
    assert SERVICES["api"]["environment"]["BACKGROUND_LOOPS"] == "off"
    assert "BACKGROUND_LOOPS" not in SERVICES["worker"]["environment"]


def test_the_api_believes_the_proxy_and_nobody_else_about_addresses() -> None:
    proxy = SERVICES["proxy"]["networks"]["outside"]["ipv4_address"]
    assert f"--forwarded-allow-ips={proxy}" in SERVICES["api"]["command"]


def test_nothing_but_the_proxy_is_reachable_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["data"]["internal"]
    for name in ("database", "cache"):
        assert SERVICES[name]["networks"] == ["data"]


def test_the_tables_are_there_before_anyone_needs_them() -> None:
    for name in ("api", "worker"):
        waits_for = SERVICES[name]["depends_on"]
        assert waits_for["migrate"]["condition"] == "service_completed_successfully"


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def test_the_image_copies_what_exists_and_is_let_in(dockerfile: str) -> None:
    let_in = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE):
        copied |= set(shlex.split(line)[:-1])
    assert copied == let_in
    for name in copied:
        assert (ROOT / name).exists(), name


def test_the_image_runs_our_python_without_root(dockerfile: str) -> None:
    version = (ROOT / ".python-version").read_text().strip()
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {f"python:{version}-slim"}
    last = dockerfile[dockerfile.rindex("FROM ") :]
    assert last.index("\nUSER partimer\n") < last.index("\nCMD ")
    assert "--require-hashes" in dockerfile
    assert "/health" in last


def test_the_image_is_production_unless_told_otherwise(dockerfile: str) -> None:
    """A sandbox shows every message and code: nobody gets one on the internet by leaving a word out."""
    assert re.search(r"^ENV ENVIRONMENT=production\b", dockerfile, re.MULTILINE)
    for document in ("Dockerfile", "README.md", "deploy/README.md"):
        text = " ".join((ROOT / document).read_text().split())
        for run in re.findall(r"docker run [^`\n]*?partimer-backend", text):
            assert "-e ENVIRONMENT=development -p 127.0.0.1:8000:8000" in run, document
