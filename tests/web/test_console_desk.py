"""What administrators do in pages: lists, corrections, data on request, bulk actions, settings, money."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert

from app.audit import log
from app.core.ids import new_id
from app.identity.models import User
from app.identity.rules import AdminRole
from app.workers.models import Worker
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import lead, log_of, somewhere
from tests.support.statements import statements_of
from tests.web.test_console import signed_in


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; the log is whole after each test."""
    yield world_of_file
    _, broken = world_of_file.in_session(log.verify)
    assert broken is None


def test_a_list_is_filtered_in_the_address_and_taken_as_a_file(world: World) -> None:
    worker = world.worker(name="Farida Shaikh", location=somewhere(), slots=())
    owner = signed_in(world)
    page = owner.get("/console/lists/workers?q=farida").text
    assert f"/console/workers/{worker.id}" in page
    assert 'value="farida"' in page
    assert "Farida" not in owner.get("/console/lists/workers?q=nobodyatall").text
    file = owner.get("/console/lists/workers?q=farida&format=csv")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff")))
    assert row["id"] == worker.id


def test_a_closed_job_is_reopened_from_its_page(world: World) -> None:
    company = world.employer()
    job = world.job(company, location=somewhere())
    ok(company.post(f"/api/employers/jobs/{job['id']}/close"))
    assert 'value="reopen"' in signed_in(world).get(f"/console/jobs/{job['id']}").text


def test_filters_of_nonsense_are_left_out(world: World) -> None:
    owner = signed_in(world)
    for query in ("status=nonsense", "employer_id=nonsense", "q=%00", "q=&status="):
        assert owner.get(f"/console/lists/workers?{query}").status_code in {200, 422}, query
    assert owner.get("/console/lists/refunds?status=nonsense").status_code == 200
    assert owner.get("/console/lists/nothing-like-it").status_code == 404


def test_a_list_is_for_those_whose_role_includes_it(world: World) -> None:
    support = signed_in(world, AdminRole.SUPPORT)
    assert support.get("/console/lists/logs").status_code == 403
    assert support.get("/console/lists/team").status_code == 403
    page = support.get("/console/lists/refunds")
    assert page.status_code == 200
    assert "Approve" not in page.text


def test_a_profile_is_corrected_where_it_differs_only(world: World) -> None:
    worker = world.worker(location=somewhere(), slots=(), experience_years=1)
    before = ok(worker.get("/api/workers/profile"))
    support = signed_in(world, AdminRole.SUPPORT)
    page = f"/console/workers/{worker.id}"
    text = support.get(page).text
    shown = dict(re.findall(r'name="was_([a-z_]+)" value="([^"]*)"', text))
    typed = shown | {"experience_years": "6", "skills": "Waiter, Barista", "reason": "by phone"}
    answer = support.send(f"{page}/correct", typed)
    assert answer.headers["location"] == f"{page}?done=corrected", answer.text
    after = ok(worker.get("/api/workers/profile"))
    assert (after["experience_years"], set(after["skills"])) == (6, {"waiter", "barista"})
    assert {key: after[key] for key in ("name", "city", "bio", "language")} == {
        key: before[key] for key in ("name", "city", "bio", "language")
    }
    (row,) = [row for row in log_of(world, worker.id) if row.action == "worker.correct"]
    assert sorted(row.after or {}) == ["experience_years", "skills"]


def test_a_correction_that_is_refused_is_shown_at_its_field(world: World) -> None:
    worker = world.worker(location=somewhere(), slots=())
    owner = signed_in(world)
    page = f"/console/workers/{worker.id}"
    text = owner.get(page).text
    shown = dict(re.findall(r'name="was_([a-z_]+)" value="([^"]*)"', text))
    for field, typed, said in (
        ("skills", "flying", "no such skill: flying"),
        ("experience_years", "many", "Use digits only."),
        ("city", "Atlantis", "There is no such place"),
    ):
        owner.get(page)
        answer = owner.send(f"{page}/correct", shown | {field: typed, "reason": "x"})
        assert answer.status_code == 422, answer.text
        assert said in answer.text
        assert f'value="{typed}"' in answer.text


def test_data_is_given_and_erased_on_request(world: World) -> None:
    worker = world.worker(name="Meera Joshi", location=somewhere(), slots=())
    moderator = signed_in(world, AdminRole.MODERATOR)
    page = f"/console/workers/{worker.id}"
    copy = moderator.get(f"{page}/export")
    assert copy.json()["profile"]["name"] == "Meera Joshi"
    assert "attachment" in copy.headers["content-disposition"]
    moderator.get(page)
    assert moderator.send(f"{page}/erase", {"reason": "asked"}).status_code == 422
    moderator.get(page)
    done = moderator.send(f"{page}/erase", {"reason": "asked", "sure": "yes"})
    assert done.headers["location"] == f"{page}?done=erased"
    assert worker.get("/api/auth/me").status_code == 401
    actions = [row.action for row in log_of(world, worker.id)]
    assert {"worker.export", "worker.erase", "worker.erase_on_request"} <= set(actions)
    assert "Meera" not in moderator.get(page).text


def test_many_are_chosen_previewed_and_done(world: World) -> None:
    people = [world.worker(location=somewhere(), slots=()) for _ in range(3)]
    owner = signed_in(world)
    ids = "&".join(f"ids={person.id}" for person in people)
    text = owner.get(f"/console/bulk/new?target=workers&{ids}").text
    assert all(person.id in text for person in people)
    values = {"action": "suspend", "ids": "\n".join(person.id for person in people)}
    seen = owner.send("/console/bulk/preview", values)
    assert "<b>3</b>would be done" in seen.text
    assert owner.send("/console/bulk", {"reason": ""}).status_code == 422
    form = owner.form("/console/bulk")
    asked = owner.send("/console/bulk", {"reason": "all one person"})
    assert asked.status_code == 303
    again = owner.post("/console/bulk", form | {"reason": "all one person"})
    assert again.headers["location"] == asked.headers["location"]
    path = asked.headers["location"]
    assert "0 / 3" in owner.get(path).text
    world.settle()
    assert "3 / 3" in owner.get(path).text
    assert "Finished" in owner.get(f"{path}/now").text
    assert people[0].get("/api/auth/me").status_code == 401


def test_a_bulk_action_of_nonsense_says_so_at_the_box(world: World) -> None:
    owner = signed_in(world)
    owner.get("/console/bulk/new?target=jobs")
    answer = owner.send("/console/bulk/preview", {"action": "cancel", "ids": "one two"})
    assert answer.status_code == 422
    assert 'id="ids-wrong"' in answer.text
    owner.get("/console/bulk/new")
    answer = owner.send("/console/bulk/preview", {"action": "", "ids": "", "target": "pigeons"})
    assert answer.status_code == 422


def test_a_setting_is_seen_in_its_effect_saved_and_undone(world: World) -> None:
    job = world.job(world.employer(), city="Pune")
    owner = signed_in(world)
    before = ok(world.admin().get("/api/admin/settings"))["lead_prices"]["default"]
    page = "/console/settings/lead_prices"
    owner.get(page)
    seen = owner.send(page, {"default": "6100", "currency": "INR", "by_city": "{}"})
    assert seen.status_code == 200, seen.text
    assert "What would change" in seen.text
    assert "Pune" in seen.text
    assert job["category"] in seen.text
    assert ok(world.admin().get("/api/admin/settings"))["lead_prices"]["default"] == before
    saved = owner.send(page, {})
    assert saved.headers["location"] == "/console/settings?done=settings_saved"
    assert ok(world.admin().get("/api/admin/settings"))["lead_prices"]["default"] == 6_100
    history = owner.get("/console/settings/history").text
    undo = re.findall(r'action="(/console/settings/history/[^"]+/undo)"', history)[0]
    assert owner.send(undo, {}).status_code == 303
    assert ok(world.admin().get("/api/admin/settings"))["lead_prices"]["default"] == before


def test_a_setting_that_is_refused_is_shown_at_its_field(world: World) -> None:
    owner = signed_in(world)
    for section, field, typed in (
        ("waves", "interval_minutes", "0"),
        ("waves", "interval_minutes", "soon"),
        ("lead_prices", "by_city", "{not json"),
        ("lead_prices", "by_category.hospitality", "-3"),
        ("coupons", "coupons", '{"x": 1}'),
        ("seller", "tax_pack", "moon"),
    ):
        page = f"/console/settings/{section}"
        owner.get(page)
        answer = owner.send(page, {field: typed})
        assert answer.status_code == 422, (section, field, answer.text)
        assert 'class="told bad"' in answer.text
        assert 'aria-invalid="true"' in answer.text, (section, field)
    finance = signed_in(world, AdminRole.FINANCE)
    assert "Show the effect" not in finance.get("/console/settings/waves").text


def test_money_is_refunded_from_its_list_with_a_reason(world: World) -> None:
    bought = lead(world)
    world.pay(ok(bought.unlock(), 202)["checkout_url"])
    world.settle()
    finance = signed_in(world, AdminRole.FINANCE)
    page = finance.get(f"/console/lists/payments?employer_id={bought.employer.id}").text
    action = re.findall(r'action="(/console/lists/payments/[^"]+)"', page)[0]
    assert finance.send(action, {"action": "refund"}).status_code == 422
    finance.get(f"/console/lists/payments?employer_id={bought.employer.id}")
    assert finance.send(action, {"action": "refund", "reason": "no show"}).status_code == 303
    assert "no show" in finance.get("/console/lists/refunds").text
    money = finance.get("/console/money?day=2026-11-23")
    assert money.status_code == 200
    assert "Books of a day" in money.text
    assert finance.get("/console/money?day=nonsense").status_code == 200


def test_the_history_of_a_thing_is_on_its_page(world: World) -> None:
    company = world.employer()
    owner = signed_in(world)
    path = f"/console/companies/{company.id}"
    owner.get(path)
    owner.send(path, {"action": "verify", "reason": "papers seen"})
    text = owner.get(path).text
    assert "employer.verify" in text
    assert "papers seen" in text
    support = signed_in(world, AdminRole.SUPPORT)
    assert "employer.verify" not in support.get(path).text


def test_a_report_is_decided_with_its_evidence_in_view(world: World) -> None:
    bought = lead(world)
    world.pay(ok(bought.unlock(), 202)["checkout_url"])
    world.settle()
    path = f"/api/employers/matches/{bought.id}/report"
    report = ok(bought.employer.post(path, {"reason": "other", "note": "was rude"}), 201)
    finance = signed_in(world, AdminRole.FINANCE)
    assert f"/console/reports/{report['id']}" in finance.get("/console/lists/reports").text
    page = f"/console/reports/{report['id']}"
    text = finance.get(page).text
    for said in ("was rude", f"/console/workers/{bought.worker.id}", "somebody has to judge"):
        assert said in text
    assert finance.send(page, {"action": "decline"}).status_code == 422
    finance.get(page)
    done = finance.send(page, {"action": "decline", "reason": "the number works"})
    assert done.headers["location"] == "/console/lists/reports?done=decided"
    support = signed_in(world, AdminRole.SUPPORT)
    assert 'value="decline"' not in support.get(page).text
    assert finance.get(page.replace(report["id"], bought.id)).status_code == 404


def test_a_ready_reply_is_in_the_persons_language(world: World) -> None:
    worker = world.worker(language="hi", slots=())
    world.says(str(worker.phone), "human")
    owner = signed_in(world)
    found = ok(world.admin().get("/api/admin/conversations?waiting=true"))["items"]
    talk = next(each for each in found if each["user_id"] == worker.id)
    path = f"/console/waiting/{talk['id']}"
    owner.get(path)
    owner.send(f"{path}/take", {})
    text = owner.get(f"{path}?canned=code").text
    assert "हम कभी कोड नहीं माँगते" in text
    assert f"/console/workers/{worker.id}" in text


def test_the_market_is_shown_with_its_numbers_beneath(world: World) -> None:
    lead(world, city="Pune")
    owner = signed_in(world)
    text = owner.get("/console/market").text
    for said in ("How far workers come", "By city", "Pune", "<svg", "Queues"):
        assert said in text
    assert "There is no such city" in owner.get("/console/market?city=Atlantis").text
    finance = signed_in(world, AdminRole.FINANCE)
    assert "Channels and their limits" not in finance.get("/console/market").text


def test_a_page_that_only_lies_open_does_not_keep_anybody_signed_in(world: World) -> None:
    owner = signed_in(world)
    for _ in range(4):
        world.clock.advance(minutes=25)
        assert owner.get("/console/waiting/now").status_code == 200
    world.clock.advance(minutes=25)
    assert owner.get("/console/waiting/now").status_code == 303
    assert owner.get("/console").status_code == 303


def test_ten_thousand_rows_are_paged_with_the_statements_of_ten(world: World) -> None:
    for _ in range(3):
        world.worker(location=somewhere(), slots=())
    owner = signed_in(world)
    counted, text = [], ""
    for many in (0, 10_000):
        if many:
            world.in_session(lambda session, many=many: _many_workers(session, many))
        with statements_of(world) as statements:
            page = owner.get("/console/lists/workers")
        assert page.status_code == 200
        text = page.text
        assert text.count('name="ids"') <= 50
        counted.append(len(statements))
    assert counted[0] == counted[1]
    assert "cursor=" in text


async def _many_workers(session: Any, count: int) -> None:
    """Write so many workers as rows."""
    now = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    ids = [new_id() for _ in range(count)]
    users = [
        {
            "id": each,
            "role": "worker",
            "status": "active",
            "name": "Crowd",
            "language": "en",
            "version": 1,
            "created_at": now,
            "updated_at": now,
        }
        for each in ids
    ]
    await session.execute(insert(User), users)
    workers = [
        {
            "id": each,
            "skills": [],
            "experience_years": 0,
            "bio": "",
            "time_zone": "Asia/Kolkata",
            "max_distance_km": 5.0,
            "updated_at": now,
            "created_at": now,
        }
        for each in ids
    ]
    await session.execute(insert(Worker), workers)
