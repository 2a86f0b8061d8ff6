"""The page that merges two accounts of one person: found, looked at, done with a reason."""

import re
from html import unescape

from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import lead
from tests.web.test_console import signed_in


def test_the_other_account_is_found_by_its_phone_seen_and_merged(world: World) -> None:
    bought, kept = lead(world), world.worker(slots=())
    owner = signed_in(world)
    here = f"/console/workers/{kept.id}/merge"
    assert here in owner.get(f"/console/workers/{kept.id}").text
    found = owner.get(here, params={"q": str(bought.worker.phone)}).text
    (there,) = re.findall(rf'href="({here}\?other=[^"]+)"', found)
    seen = owner.get(unescape(there)).text
    assert bought.worker.id in seen
    unsure = owner.send(here, {"reason": "new number"})
    assert unsure.status_code == 422
    assert 'id="sure-wrong"' in unsure.text
    assert "new number" in unsure.text
    done = owner.send(here, {"reason": "new number", "sure": "yes"})
    assert done.headers["location"] == f"/console/workers/{kept.id}?done=merged"
    assert "worker.merge" in owner.get(f"/console/workers/{kept.id}").text
    assert "worker.merge_into" in owner.get(f"/console/workers/{bought.worker.id}").text


def test_what_forbids_it_stands_on_the_page_and_no_button_is_there(world: World) -> None:
    paying, kept = lead(world), world.worker(slots=())
    paying.begin()
    owner = signed_in(world)
    for language, said in (("en", "Somebody is paying"), ("hi", "अभी भुगतान चल रहा है")):
        owner.language = language
        page = owner.get(f"/console/workers/{kept.id}/merge?other={paying.worker.id}").text
        assert said in page
        assert 'name="sure"' not in page
    ok(world.admin().get(f"/api/admin/workers/{kept.id}"))
    nobody = owner.get(f"/console/workers/{kept.id}/merge?other={world.employer().id}")
    assert nobody.status_code == 200
    assert 'role="alert"' in nobody.text
