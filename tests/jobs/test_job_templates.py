"""Templates of jobs over HTTP: saved from a job, listed, used, renamed, deleted; nobody else's."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from app.jobs.models import JobTemplate
from app.jobs.templates import MOST_TEMPLATES
from tests.support.app_harness import World
from tests.support.assertions import ok, refused

JOBS = "/api/employers/jobs"
TEMPLATES = "/api/employers/job-templates"


def test_a_template_keeps_the_job_as_it_was_and_makes_drafts(world: World) -> None:
    owner = world.employer()
    body = world.job_body(radius_km=12.5, respond_within_minutes=120, positions=3)
    job = ok(owner.post(JOBS, body), 201)
    made = ok(owner.post(TEMPLATES, {"name": "Brunch  waiters", "job_id": job["id"]}), 201)
    told = ("title", "description", "city", "address", "slots", "positions", "salary", "radius_km")
    assert {name: made[name] for name in told} == {name: job[name] for name in told}
    assert made["days"] == 29
    # The job changes, the template stays.
    ok(owner.put(f"{JOBS}/{job['id']}", {"title": "Something else"}))
    assert ok(owner.get(f"{TEMPLATES}/{made['id']}")) == made
    draft = ok(owner.post(f"{TEMPLATES}/{made['id']}/jobs", {"starts_on": "2026-12-05"}), 201)
    assert draft["status"] == "draft"
    assert (draft["title"], draft["starts_on"], draft["ends_on"]) == (
        body["title"],
        "2026-12-05",
        "2027-01-02",
    )
    assert draft["address"] == body["address"]
    wrong = owner.post(
        f"{TEMPLATES}/{made['id']}/jobs", {"starts_on": "2026-12-06", "ends_on": "2026-12-06"}
    )
    refused(wrong, 422, "invalid")
    renamed = ok(owner.put(f"{TEMPLATES}/{made['id']}", {"name": "Saturdays"}))
    assert renamed["name"] == "Saturdays"
    assert [each["name"] for each in ok(owner.get(TEMPLATES))["items"]] == ["Saturdays"]
    exported = ok(owner.get("/api/employers/export"))
    assert [each["name"] for each in exported["templates"]] == ["Saturdays"]
    assert owner.delete(f"{TEMPLATES}/{made['id']}").status_code == 204
    refused(owner.delete(f"{TEMPLATES}/{made['id']}"), 404, "template_not_found")
    assert ok(owner.get(f"{JOBS}/{draft['id']}"))["status"] == "draft"


def test_a_name_stands_once_and_no_more_than_fifty(world: World) -> None:
    owner = world.employer()
    job = world.job(owner, publish=False)["id"]

    def save(name: str) -> int:
        return owner.post(TEMPLATES, {"name": name, "job_id": job}).status_code

    with ThreadPoolExecutor(4) as at_once:
        assert sorted(at_once.map(save, ["Brunch"] * 4)) == [201, 409, 409, 409]
    other = ok(owner.post(TEMPLATES, {"name": "Dinner", "job_id": job}), 201)
    refused(owner.put(f"{TEMPLATES}/{other['id']}", {"name": "Brunch"}), 409, "template_name_taken")
    assert ok(owner.put(f"{TEMPLATES}/{other['id']}", {"name": "Dinner"}))["name"] == "Dinner"
    for number in range(MOST_TEMPLATES - 2):
        ok(owner.post(TEMPLATES, {"name": f"T{number}", "job_id": job}), 201)
    refused(owner.post(TEMPLATES, {"name": "More", "job_id": job}), 409, "too_many_templates")
    for body in ({"name": "", "job_id": job}, {"name": "x", "job_id": "no"}, {"name": "x" * 121}):
        assert owner.post(TEMPLATES, body).status_code == 422


def test_a_template_is_its_companys_alone_and_goes_with_it(world: World) -> None:
    owner, stranger = world.employer(), world.employer()
    job = world.job(owner, publish=False)["id"]
    made = ok(owner.post(TEMPLATES, {"name": "Brunch", "job_id": job}), 201)["id"]
    refused(stranger.post(TEMPLATES, {"name": "Mine", "job_id": job}), 404, "job_not_found")
    for answer in (
        stranger.get(f"{TEMPLATES}/{made}"),
        stranger.put(f"{TEMPLATES}/{made}", {"name": "Mine"}),
        stranger.delete(f"{TEMPLATES}/{made}"),
        stranger.post(f"{TEMPLATES}/{made}/jobs", {"starts_on": "2026-12-05"}),
    ):
        refused(answer, 404, "template_not_found")
    assert ok(stranger.get(TEMPLATES))["items"] == []
    # The name of a street is nowhere in clear.
    rows = world.in_session(lambda session: session.scalars(select(JobTemplate.text_sealed)))
    assert all(b"Hill Road" not in row for row in rows.all())
    assert owner.delete("/api/employers/account").status_code == 204
    left = world.in_session(lambda session: session.scalars(select(JobTemplate.id)))
    assert left.all() == []
