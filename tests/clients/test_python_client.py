"""A Python client made from the document: every operation is there, and a stranger's program works."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.app_harness import PASSWORD, World

CONFIG = """\
post_hooks: []
content_type_overrides:
  application/pdf: application/octet-stream
"""
"""What was made is used as it is; nothing formats it. The generator knows bytes by one name only."""


@pytest.fixture(scope="module")
def client_package(document_file: Path) -> str:
    """The name of a client's package, made from the document; a warning of the generator fails."""
    folder = document_file.parent
    config = folder / "config.yml"
    config.write_text(CONFIG)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"),
            *("--path", document_file, "--config", config, "--meta", "none"),
            *("--output-path", folder / "partimer_client"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "arning" not in done.stdout, done.stdout
    return "partimer_client"


@pytest.fixture
def made(
    client_package: str, document_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator["Made"]:
    monkeypatch.syspath_prepend(str(document_file.parent))
    with ExitStack() as opened:
        yield Made(client_package, opened)


class Made:
    """The made client, its modules by name."""

    def __init__(self, package: str, opened: ExitStack) -> None:
        self.package = package
        self.opened = opened
        self.root = importlib.import_module(package)
        self.models: Any = importlib.import_module(f"{package}.models")

    def client(self, url: str, token: str | None = None) -> Any:
        """Return a client of this server, signed in with `token`; it is closed after the test."""
        if token is None:
            return self.opened.enter_context(self.root.Client(base_url=url))
        return self.opened.enter_context(self.root.AuthenticatedClient(base_url=url, token=token))

    def operation(self, name: str) -> Any:
        """Return the module of one operation, such as `employers_publish_job`."""
        tag = name.partition("_")[0]
        module: ModuleType = importlib.import_module(f"{self.package}.api.{tag}.{name}")
        return module


def test_every_operation_is_in_the_client(
    made: Made, document_file: Path, shared_world: World
) -> None:
    document = shared_world.http.get("/openapi.json").json()
    for methods in document["paths"].values():
        for operation in methods.values():
            assert made.operation(operation["operationId"]).sync_detailed


def test_a_company_posts_a_job_and_a_worker_reads_it_with_the_made_client(
    made: Made, shared_world: World
) -> None:
    models, url = made.models, shared_world.url
    client = made.client(url)
    register = made.operation("auth_register_employer")
    email = "python-client@example.com"
    company = models.RegisterEmployer(
        company_name="Cafe Bandra", contact_name="Rustom Irani", email=email, password=PASSWORD
    )
    profile = register.sync(client=client, body=company)
    assert profile.company_name == "Cafe Bandra"
    again = register.sync_detailed(client=client, body=company)
    assert (again.status_code, again.parsed.code) == (409, models.ErrorCode.EMAIL_TAKEN)

    login = made.operation("auth_login_user")
    who = {"role": "employer", "email": email, "password": PASSWORD}
    signing_in = models.PasswordLogin.from_dict(who)
    tokens = login.sync(client=client, body=signing_in)
    employer = made.client(url, tokens.access_token)

    job = made.operation("employers_create_job").sync(
        client=employer, body=models.NewJob.from_dict(shared_world.job_body())
    )
    worker_person = shared_world.worker()
    job = made.operation("employers_publish_job").sync(client=employer, job_id=job.id)
    assert job.status == models.JobStatus.PUBLISHED
    page = made.operation("employers_list_jobs").sync(client=employer, limit=1)
    assert [each.id for each in page.items] == [job.id]

    worker = made.client(url, worker_person.token)
    offers = made.operation("workers_list_offers").sync(client=worker)
    (offer,) = [each for each in offers.items if each.job.id == job.id]
    answer = models.RespondRequest.from_dict({"response": "accept"})
    answered = made.operation("workers_respond_to_offer").sync(
        client=worker, offer_id=offer.id, body=answer
    )
    assert answered.status == models.OfferStatus.ACCEPTED


def test_what_two_classes_of_one_name_hid_is_in_the_made_client(
    made: Made, shared_world: World
) -> None:
    """Blocks and the export were left out by the generator, because `BlockAnswer` stood twice."""
    employer, worker_person = shared_world.employer(), shared_world.worker()
    worker = made.client(shared_world.url, worker_person.token)
    body = made.models.NewEmployerBlock.from_dict({"employer_id": employer.id})
    block = made.operation("workers_add_block").sync(client=worker, body=body)
    data = made.operation("workers_export_data").sync(client=worker)
    assert [each.employer_id for each in data.blocks] == [block.employer_id]
