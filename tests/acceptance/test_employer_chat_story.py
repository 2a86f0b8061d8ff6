"""The whole of it over a real server: a phone is proven, a job posted, a lead paid, its contact told."""

import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.providers.smtp import MAIL_FOLDER
from tests.support.app_harness import Person, World
from tests.support.assertions import ok

OWNER = "+919820098201"
LINE = "waiter, Saturday 10-6, Bandra, 1 person, 150/hour"


def code_mailed_to(email: str) -> str:
    """The code in the newest mail to this address: without SMTP, mails are files in a folder."""
    for file in sorted(Path(MAIL_FOLDER).glob("*.eml"), reverse=True):
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        text = mail.get_content()
        if mail["To"] == email and (found := re.search(r"\b(\d{6})\b", text)):
            return found[1]
    raise AssertionError("no code was mailed")


def newest(world: World, phone: str = OWNER) -> dict[str, Any]:
    """The newest message this phone received."""
    return world.messages(phone)[-1]


def tap(world: World, title: str) -> None:
    """Tap the newest button of that title."""
    for message in reversed(world.messages(OWNER)):
        for option in [*message["buttons"], *message["rows"]]:
            if option["title"] == title:
                world.taps(OWNER, option["id"])
                return
    raise AssertionError(f"nobody was shown [{title}]")


def in_the_chat(world: World, **profile: Any) -> Person:
    """An employer whose phone is proven in the chat."""
    owner = world.employer(phone=OWNER, **profile)
    world.says(OWNER, "hello")
    tap(world, ok(owner.get("/api/employers/profile"))["company_name"])
    assert owner.email is not None
    world.says(OWNER, code_mailed_to(owner.email))
    assert "may now act" in newest(world)["text"]
    return owner


def link_in(text: str) -> str:
    """The path of the payment link in a message."""
    found = re.search(r"https?://\S+/pay/\w+", text)
    assert found, text
    return urlsplit(found[0]).path


def test_a_job_is_posted_paid_and_its_contact_told_in_the_chat(world: World) -> None:
    worker = world.worker()
    assert worker.phone is not None
    owner = in_the_chat(world)

    world.says(OWNER, LINE)
    assert "150 an hour" in newest(world)["text"]
    assert ok(owner.get("/api/employers/jobs"))["items"] == []
    tap(world, "Yes, post it")
    [job] = ok(owner.get("/api/employers/jobs"))["items"]
    assert (job["status"], job["title"], job["positions"]) == ("published", "Waiter", 1)
    assert job["starts_on"] == job["ends_on"] == "2026-11-28"
    assert job["slots"] == [{"weekday": "saturday", "start": "10:00", "end": "18:00"}]

    [offer] = world.offers(worker)
    world.taps(worker.phone, f"offer:{offer['id']}:accept")
    path = link_in(newest(world)["text"])

    # A declined card and a page that ran out say what to do next, and the same link works again.
    declined = world.http.post(path).headers["location"]
    world.pay(declined, "decline")
    world.pay(declined, "expire")
    again = world.http.get(path).text
    assert "did not go through" in again
    assert "<form" in again
    seen = "".join(message["text"] for message in world.messages(OWNER))
    assert worker.phone[-5:] not in seen.replace(" ", "")

    world.pay(world.http.post(path).headers["location"])
    told = "".join(message["text"] for message in world.messages(OWNER)[-2:])
    assert worker.phone[-5:] in told.replace(" ", "")
    world.says(OWNER, "contacts")
    assert worker.phone[-5:] in newest(world)["text"].replace(" ", "")
    bought = world.http.get(path).text
    assert "This contact is yours" in bought
    assert "<form" not in bought
    world.says(OWNER, "jobs")
    tap(world, "Waiter")
    assert "(filled)" in newest(world)["text"]


def test_a_text_with_signs_of_a_scam_waits_and_is_published_in_the_chat_later(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    owner = in_the_chat(world)
    world.says(OWNER, f"{LINE}, registration fee Rs 500 before joining")
    tap(world, "Yes, post it")
    assert "looks at its text" in newest(world)["text"]
    tap(world, "Yes, post it")
    [job] = ok(owner.get("/api/employers/jobs"))["items"]
    assert (job["status"], job["review"]["status"]) == ("draft", "held")
    world.taps(OWNER, f"job:{job['id']}:publish")
    assert "looks at its text" in newest(world)["text"]
    body = {"action": "approve", "text_version": job["review"]["text_version"]}
    ok(world.admin().post(f"/api/admin/jobs/{job['id']}/action", body))
    world.says(OWNER, "jobs")
    tap(world, "Waiter")
    tap(world, "Publish it")
    assert ok(owner.get(f"/api/employers/jobs/{job['id']}"))["status"] == "published"
