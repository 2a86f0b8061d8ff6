"""The pages as they are served: what they carry, what they refuse, and the till without a script."""

import re
from pathlib import Path

import pytest

from tests.sandbox.conftest import ASHA, Open, World
from tests.sandbox.test_stripe import session_of

FLOWS_DOCS = "https://developers.facebook.com/docs/whatsapp/flows/reference/components"

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def test_the_page_carries_no_inline_script_and_says_so(world: World) -> None:
    answer = world.http.get("/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.text.count("<script") == 1
    assert '<script type="module" src=' in answer.text
    assert "style=" not in answer.text
    assert "onclick=" not in answer.text


def test_everything_that_the_page_loads_is_served_from_here(world: World) -> None:
    wanted = set(re.findall(r'/static/([\w.]+)"', world.http.get("/").text))
    loaded: set[str] = set()
    while missing := wanted - loaded:
        for name in missing:
            file = world.http.get(f"/static/{name}")
            assert file.status_code == 200, name
            wanted |= set(re.findall(r'from "\./([\w.]+)"', file.text))
            assert not re.search(r"https?://|@import", file.text.replace(FLOWS_DOCS, "")), name
        loaded |= missing
    assert {"phones.js", "phone.js", "phones.css", "sandbox.css"} <= loaded


@pytest.mark.parametrize("name", ["phones.html", "..%2Fphones.py", "nothing"])
def test_nothing_else_is_served(world: World, name: str) -> None:
    assert world.http.get(f"/static/{name}").status_code == 404


@pytest.fixture
def brief_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that end after one look."""
    monkeypatch.setattr("sandbox.pages.phones.STREAM_SECONDS", 0.1)


@pytest.mark.usefixtures("brief_news")
def test_news_comes_as_server_sent_events_and_ends_soon(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    answer = world.http.get("/news", params={"after": "0"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert '"kind": "received"' in answer.text
    assert f'"person": "{ASHA}"' in answer.text


@pytest.mark.usefixtures("brief_news")
def test_news_goes_on_after_what_was_seen(world: World) -> None:
    world.says({"type": "text", "text": "first"})
    everything = world.http.get("/news", params={"after": "0"}).text
    seen = re.findall(r"^id: (\d+)$", everything, re.MULTILINE)[-1]
    world.says({"type": "text", "text": "second"})
    rest = world.http.get("/news", headers={"Last-Event-ID": seen}).text
    assert "second" in rest
    assert "first" not in rest


def test_a_page_of_a_world_that_is_gone_is_told_so(open_world: Open, tmp_path: Path) -> None:
    with open_world() as world:
        world.says({"type": "text", "text": "hi"})
    (tmp_path / "sandbox.db").unlink()
    with open_world() as world:
        assert "event: anew" in world.http.get("/news", headers={"Last-Event-ID": "3"}).text


def test_the_page_says_how_to_post_a_job_where_it_can_t_do_it(open_world: Open) -> None:
    with open_world(product_url="http://product.example") as world:
        assert "curl http://product.example/api/auth/register/employer" in world.http.get("/").text
    with open_world() as world:
        assert "Post and publish" in world.http.get("/").text


def test_the_till_shows_what_is_paid_and_leads_back(world: World) -> None:
    session = session_of(world)
    till = world.http.get(f"/stripe/checkout/{session.id}")
    assert "INR 49.00" in till.text
    assert "Contact of a worker" in till.text
    assert "form-action 'self' http://localhost:8000" in till.headers["content-security-policy"]
    paid = world.http.post(f"/stripe/checkout/{session.id}", data={"outcome": "pay"})
    assert paid.status_code == 303
    assert paid.headers["location"] == f"http://localhost:8000/paid?session={session.id}"
    assert "Paid" in world.http.get(f"/stripe/checkout/{session.id}").text


def test_the_till_s_other_buttons_stay_on_the_page(world: World) -> None:
    session = session_of(world)
    for outcome, said in [
        ("decline", "declined"),
        ("require_action", "bank"),
        ("expire", "Expired"),
    ]:
        page = world.http.post(f"/stripe/checkout/{session.id}", data={"outcome": outcome})
        assert page.status_code == 200
        assert said in page.text


def test_a_slow_payment_is_settled_on_its_page(world: World) -> None:
    session = session_of(world)
    path = f"/stripe/checkout/{session.id}"
    assert world.http.post(path, data={"outcome": "process"}).status_code == 303
    assert "Under way" in world.http.get(path).text
    world.http.post(path, data={"outcome": "decline"})
    world.business.wait_for_event("checkout.session.async_payment_failed")
    failed = world.http.get(path).text
    assert "Failed" in failed
    assert "It goes through" not in failed
    assert world.pays(session.id).json()["code"] == "session_closed"


def test_what_is_sold_is_shown_as_text(world: World) -> None:
    price = {"currency": "inr", "unit_amount": 4900, "product_data": {"name": "<b>lead</b>"}}
    session = session_of(world, line_items=[{"quantity": 1, "price_data": price}])
    assert "&lt;b&gt;lead&lt;/b&gt;" in world.http.get(f"/stripe/checkout/{session.id}").text


def test_an_unknown_session_has_no_till(world: World) -> None:
    assert world.http.get("/stripe/checkout/cs_test_nothing").status_code == 404
