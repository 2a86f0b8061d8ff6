"""The page behind the link of a forgotten password."""

import email
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.app_harness import World
from tests.support.assertions import ok, refused


@pytest.fixture
def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where e-mails are written: below the folder this test works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mail"


def link_in(mailbox: Path) -> str:
    """The path and query of the link in the newest e-mail."""
    newest = max(mailbox.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    message = email.message_from_bytes(newest.read_bytes())
    body = message.get_payload(decode=True)
    assert isinstance(body, bytes)
    found = re.search(r"https?://\S+/reset-password\S+", body.decode())
    assert found, body.decode()
    parts = urlsplit(found[0])
    return f"{parts.path}?{parts.query}"


def test_a_forgotten_password_is_set_on_the_page_and_the_link_works_once(
    mailbox: Path, sqlite_world: World
) -> None:
    owner = sqlite_world.employer()
    assert owner.email is not None
    ok(sqlite_world.http.post("/api/auth/password/forgot", json={"email": owner.email}), 202)
    sqlite_world.settle()
    link = link_in(mailbox)
    form = sqlite_world.http.get(link)
    assert form.status_code == 200
    assert 'autocomplete="new-password"' in form.text

    weak = sqlite_world.http.post(link, data={"password": "short"})
    assert weak.status_code == 422
    assert 'role="alert"' in weak.text

    done = sqlite_world.http.post(link, data={"password": "an entirely new secret"})
    assert done.status_code == 200
    refused(owner.get("/api/employers/profile"), 401, "session_ended")
    sqlite_world.sign_in(owner.email, role="employer", password="an entirely new secret")
    assert sqlite_world.http.get(link).status_code == 404
    again = sqlite_world.http.post(link, data={"password": "yet another new secret"})
    assert again.status_code == 404


def test_a_link_made_up_asks_for_nothing(sqlite_world: World) -> None:
    for token in ("", "x", "a" * 200, "%00"):
        answer = sqlite_world.http.get(f"/reset-password?token={token}")
        assert answer.status_code == 404
        assert "<form" not in answer.text
