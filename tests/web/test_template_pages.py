"""Templates of jobs on pages, without scripts."""

import re

from tests.support.app_harness import World
from tests.support.page_reader import PageReader
from tests.web.test_pages import draft


def test_a_job_is_kept_used_renamed_and_deleted_as_a_template(world: World) -> None:
    owner = PageReader(world.url)
    owner.sign_up()
    assert "No template yet" in owner.get("/jobs/templates").text
    path = draft(owner)
    owner.get(path)
    saved = owner.send(f"{path}/template", {"name": "رستوران <b>Brunch</b>"})
    assert saved.headers["location"] == "/jobs/templates?done=template_saved"
    # The second press is led where the first was.
    assert owner.page is not None
    listed = owner.open(saved.headers["location"]).text
    assert "رستوران &lt;b&gt;Brunch" in listed
    owner.get(path)
    taken = owner.send(f"{path}/template", {"name": "رستوران <b>Brunch</b>"})
    assert taken.status_code == 409
    assert "There is a template with this name already" in taken.text
    assert 'value="رستوران &lt;b&gt;Brunch' in taken.text
    link = re.search(r"/jobs/new\?like=template:[0-9a-f-]{36}", listed)
    assert link is not None
    form = owner.get(link[0]).text
    assert re.search(r'name="role"[^>]*value="Waiter"', form)
    assert " selected" in form
    id_ = link[0][-36:]
    owner.get("/jobs/templates")
    empty = owner.send(f"/jobs/templates/{id_}", {"do": "rename", "name": ""})
    assert empty.status_code == 422
    assert "aria-invalid" in empty.text
    owner.get("/jobs/templates")
    owner.send(f"/jobs/templates/{id_}", {"do": "rename", "name": "Sundays"})
    assert "Sundays" in owner.open("/jobs/templates?done=template_renamed").text
    stranger = PageReader(world.url)
    stranger.sign_up(2)
    assert stranger.get(link[0]).status_code == 404
    assert stranger.get("/jobs/new?like=template:nonsense").status_code == 404
    owner.get("/jobs/templates")
    owner.send(f"/jobs/templates/{id_}", {"do": "delete"})
    assert "No template yet" in owner.open("/jobs/templates?done=template_deleted").text
    assert owner.get(path).status_code == 200
