"""Every member of a team gets a copy of what is kept about them, whatever their role, and of nobody else."""

import json

import pytest

from app.api.employers.data import OwnMemberData
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import lead
from tests.support.team import TEAM, member_of
from tests.web.test_team_page import joined, owner

__all__ = ["owner"]
OWN = "/api/employers/export/own"


@pytest.mark.parametrize("role", ["manager", "viewer", "owner"])
def test_a_copy_of_one_s_own(world: World, role: str) -> None:
    opener = world.employer(contact_name="Rustom Irani", verified=True)
    member = member_of(world, opener, role, name="Meera Nair")
    bought = lead(world, opener)
    bought.buy()
    jobs = [world.job(member, publish=False)["id"]] if role != "viewer" else []
    answer = member.get(OWN)
    data = ok(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    OwnMemberData.model_validate(data)
    assert (data["member"]["id"], data["member"]["name"]) == (member.id, "Meera Nair")
    assert (data["member"]["phone"], data["member"]["role"]) == (member.phone, role)
    assert data["jobs"] == jobs
    assert data["orders"] == []
    assert [each["action"] for each in data["actions"]] == ["job.create"] * len(jobs)
    assert "sign_in_code" in {message["kind"] for message in data["messages"]}
    assert len(data["sessions"]) == 1
    for other in (bought.worker.phone or "-", "Rustom", opener.email or "-"):
        assert other not in answer.text
    own = ok(opener.get(OWN))
    assert [order["kind"] for order in own["orders"]] == ["leads"]
    assert own["jobs"] == [bought.job_id]


def test_the_company_s_is_for_owners(world: World) -> None:
    opener = world.employer()
    manager = member_of(world, opener, "manager")
    refused(manager.get("/api/employers/export"), 403, "wrong_role")
    ok(opener.delete(f"{TEAM}/{manager.id}"), 204)
    refused(manager.get(OWN), 401, "session_ended")


def test_the_page_gives_it_as_a_file(world: World, owner: object) -> None:
    reader = owner
    viewer = joined(world, reader, "viewer")  # type: ignore[arg-type]
    assert 'href="/company/data"' in viewer.open("/company").text
    own = viewer.get("/company/data")
    assert "attachment" in own.headers["content-disposition"]
    assert "no-store" in own.headers["cache-control"]
    assert "member" in json.loads(own.text)
    assert "profile" not in json.loads(own.text)
    assert "profile" in json.loads(reader.get("/company/data").text)  # type: ignore[attr-defined]
