"""A job text with signs of a scam waits for a person; its employer knows why, and hears what came of it."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.jobs.models import Job
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused

SCAM = "Serve guests at a busy cafe. Registration fee Rs 500!"
FAR = {"latitude": 31.1, "longitude": 77.17}


@pytest.fixture
def town(world_of_file: World) -> World:
    return world_of_file


def draft(world: World, employer: Person, **changes: Any) -> dict[str, Any]:
    return world.job(employer, publish=False, location=FAR, **changes)


def act(world: World, job: dict[str, Any], action: str, **more: Any) -> Any:
    body = {"action": action, "text_version": job["review"]["text_version"], **more}
    return world.admin().post(f"/api/admin/jobs/{job['id']}/action", body)


def queue(world: World, review: str = "held") -> list[str]:
    items = ok(world.admin().get(f"/api/admin/jobs?review={review}&limit=100"))["items"]
    return [item["id"] for item in items]


def test_a_scam_is_held_and_its_employer_is_told_which_sentence(town: World) -> None:
    employer = town.employer()
    job = draft(town, employer, description=SCAM)
    assert job["status"] == "draft"
    assert job["review"]["status"] == "held"
    (reason,) = job["review"]["reasons"]
    assert reason["code"] == "fee"
    assert reason["sentence"] == "Registration fee Rs 500"
    path = f"/api/employers/jobs/{job['id']}"
    problem = refused(employer.post(f"{path}/publish"), 409, "job_held_for_review")
    assert [told["sentence"] for told in problem["reasons"]] == [reason["sentence"]]
    assert reason["text"] in problem["detail"]
    assert job["id"] in queue(town)
    assert ok(employer.get(path))["status"] == "draft"


def test_an_approved_text_can_be_published_and_another_is_reviewed_anew(town: World) -> None:
    employer = town.employer(phone="+919700000501")
    job = draft(town, employer, description=SCAM)
    approved = ok(act(town, job, "approve"))
    assert approved["review"]["status"] == "approved"
    assert job["id"] not in queue(town)
    assert "publish it now" in town.messages("+919700000501")[-1]["text"]
    path = f"/api/employers/jobs/{job['id']}"
    changed = ok(employer.put(path, {"description": SCAM + " Pay first then work."}))
    assert changed["review"]["status"] == "held"
    refused(employer.post(f"{path}/publish"), 409, "job_held_for_review")
    ok(act(town, changed, "approve"))
    assert ok(employer.put(path, {"positions": 2}))["review"]["status"] == "approved"
    assert ok(employer.post(f"{path}/publish"))["status"] == "published"
    logs = ok(town.admin().get(f"/api/admin/logs?target_id={job['id']}"))["items"]
    actions = [row["action"] for row in reversed(logs)]
    assert actions == [
        *("job.hold", "job.create", "job.approve"),
        *("job.hold", "job.edit", "job.approve"),
        *("job.edit", "job.publish"),
    ]


def test_a_decision_is_about_the_text_that_was_read(town: World) -> None:
    employer = town.employer()
    read = draft(town, employer, description=SCAM)
    path = f"/api/employers/jobs/{read['id']}"
    ok(employer.put(path, {"description": SCAM + " Share the OTP with us."}))
    refused(act(town, read, "approve"), 409, "job_text_changed")
    blind = town.admin().post(f"/api/admin/jobs/{read['id']}/action", {"action": "approve"})
    refused(blind, 422, "invalid")
    assert read["id"] in queue(town)


def test_a_declined_text_is_told_why_and_can_be_mended(town: World) -> None:
    employer = town.employer(phone="+919700000502")
    job = draft(town, employer, description=SCAM)
    refused(act(town, job, "decline"), 422, "invalid")
    ok(act(town, job, "decline", reason="Workers never pay"))
    assert "Workers never pay" in town.messages("+919700000502")[-1]["text"]
    path = f"/api/employers/jobs/{job['id']}"
    problem = refused(employer.post(f"{path}/publish"), 409, "job_declined")
    assert "Workers never pay" in problem["detail"]
    refused(act(town, job, "approve"), 409, "nothing_to_review")
    mended = ok(employer.put(path, {"description": "Serve guests. No registration fee."}))
    review = mended["review"]
    assert (review["status"], review["reasons"], review["note"]) == ("clear", [], None)
    assert ok(employer.post(f"{path}/publish"))["status"] == "published"


def test_a_published_job_keeps_its_words_rather_than_take_a_scams(town: World) -> None:
    employer = town.employer()
    job = town.job(employer, location=FAR)
    path = f"/api/employers/jobs/{job['id']}"
    refused(employer.put(path, {"description": SCAM}), 409, "job_held_for_review")
    kept = ok(employer.get(path))
    assert kept["description"] == job["description"]
    assert kept["review"]["status"] == "clear"
    assert job["id"] not in queue(town)
    changed = ok(employer.put(path, {"title": "Waiter, only girls"}))
    assert changed["review"]["status"] == "flagged"


def test_an_unequal_demand_is_marked_for_both_and_holds_nothing(town: World) -> None:
    employer = town.employer()
    job = town.job(employer, location=FAR, description="Serve guests. Only Hindu candidates.")
    assert job["status"] == "published"
    assert job["review"]["status"] == "flagged"
    (reason,) = job["review"]["reasons"]
    assert (reason["code"], reason["holds"]) == ("religion", False)
    assert job["id"] in queue(town, "flagged")
    refused(act(town, job, "decline", reason="unlawful"), 409, "job_not_draft")
    assert ok(act(town, job, "approve"))["review"]["status"] == "approved"


def test_a_contact_in_a_job_is_marked_and_masked_for_workers(town: World) -> None:
    place = {"latitude": 26.85, "longitude": 80.95}
    worker = town.worker(location=place, slots=("saturday",))
    employer = town.employer()
    words = "Serve guests. Call nine eight two zero zero five five one two three."
    job = town.job(employer, location=place, description=words)
    assert [reason["code"] for reason in job["review"]["reasons"]] == ["contact"]
    (offer,) = town.offers(worker)
    assert "nine eight" not in offer["job"]["description"]


def test_what_the_rules_learned_since_holds_an_older_draft(town: World) -> None:
    employer = town.employer()
    job = draft(town, employer, description=SCAM)

    async def judged_by_older_rules(session: Any) -> None:
        values = {"review_status": "clear", "review_findings": []}
        await session.execute(update(Job).where(Job.id == UUID(job["id"])).values(**values))

    town.in_session(judged_by_older_rules)
    assert job["id"] not in queue(town)
    refused(employer.post(f"/api/employers/jobs/{job['id']}/publish"), 409, "job_held_for_review")
    assert job["id"] in queue(town)
