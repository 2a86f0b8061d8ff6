"""What pages show and do: texts, forms, lists, errors."""

import gzip
import hashlib
import re
from html.parser import HTMLParser

import pytest

from app.texts.catalogue import get_catalogue
from tests.architecture.source import ROOT
from tests.support.app_harness import PASSWORD, World
from tests.support.page_reader import PageReader

TEMPLATES = ROOT / "app/web/templates"
JOB = {
    "role": "waiter",
    "description": "Serve guests at a busy cafe.",
    "place": "400050",
    "starts_on": "2026-11-28",
    "ends_on": "2026-12-26",
    "days": ["saturday", "sunday"],
    "positions": "2",
    "pay": "150",
    "per": "hour",
} | {
    f"{edge}_{day}": time
    for edge, time in (("start", "18:00"), ("end", "02:00"))
    for day in ("saturday", "sunday")
}
"""As a person fills the form in."""


@pytest.fixture
def owner(world: World) -> PageReader:
    reader = PageReader(world.url)
    reader.sign_up()
    return reader


def draft(owner: PageReader, **changes: str | list[str]) -> str:
    owner.get("/jobs/new")
    answer = owner.send("/jobs/new", JOB | {"do": "save"} | changes)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("?")[0]


def test_every_text_of_a_page_is_there_in_both_languages_with_the_same_values() -> None:
    english, hindi = (get_catalogue(code).web for code in ("en", "hi"))
    assert set(english) == set(hindi)
    for key, text in english.items():
        values = re.findall(r"\{[a-z_|]+\}", text)
        assert sorted(values) == sorted(re.findall(r"\{[a-z_|]+\}", hindi[key])), key


def test_hindi_writes_mail_in_one_way_and_calls_an_open_job_open() -> None:
    hindi = (ROOT / "app/texts/locales/hi.toml").read_text("utf-8")
    assert "ईमेल" not in hindi
    said = get_catalogue("hi").web
    assert said["console.is.published"] == said["job.status.published"]
    assert said["console.is.draft"] == said["job.status.draft"]


def test_templates_name_texts_that_are_there() -> None:
    known = get_catalogue("en").web
    named = {
        key
        for file in TEMPLATES.rglob("*.html")
        for key in re.findall(r"\b(?:t|lines)\([\"']([a-z_.]+)[\"'][,)]", file.read_text("utf-8"))
    }
    assert len(named) > 100
    assert named <= set(known)


def test_the_library_in_pages_is_the_one_that_was_pinned() -> None:
    pinned = {
        "htmx.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
        "hx-sse.min.js": "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103",
    }
    for name, digest in pinned.items():
        found = hashlib.sha256((ROOT / "app/web/static" / name).read_bytes()).hexdigest()
        assert found == digest, name


def test_styles_and_scripts_stay_small() -> None:
    sizes = {
        kind: sum(
            len(gzip.compress(file.read_bytes()))
            for file in (ROOT / "app/web/static").glob(f"*.{kind}")
        )
        for kind in ("css", "js")
    }
    assert sizes["css"] <= 15_000
    assert sizes["js"] <= 40_000


def test_a_job_that_was_typed_is_kept_as_typed(world: World, owner: PageReader) -> None:
    path = draft(owner)
    text = owner.get(path).text
    for said in ("Waiter", "Sat, Sun 6 pm – 2 am", "₹150 an hour", "Mumbai", "Draft"):
        assert said in text, said
    typed = owner.get(f"{path}/edit").text
    assert 'value="18:00"' in typed
    assert 'value="2026-11-28"' in typed


def test_a_second_press_makes_no_second_job(world: World, owner: PageReader) -> None:
    owner.get("/jobs/new")
    form = owner.form("/jobs/new") | JOB | {"do": "publish"}
    first, second = (owner.post("/jobs/new", form) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert owner.open("/jobs").text.count('<th scope="row">') == 1


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("role", "", "Which work is it?"),
        ("role", "zzzzqqq", "We don&#39;t know this work yet"),
        ("place", "", "Where is the work?"),
        ("place", "zzzzqqq", "We don&#39;t find this place"),
        ("description", "", "Please fill this in."),
        ("positions", "many", "Use digits only."),
        ("positions", "0", "At least 1."),
        ("positions", "501", "At most 500."),
        ("pay", "much", "Use digits only."),
        ("starts_on", "tomorrow", "date"),
        ("days", "", "Choose at least one day"),
        ("end_saturday", "18:00", "Give a start and an end that differ"),
        ("radius", "NaN", "radius-wrong"),
        ("experience", "99", "At most 60."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    world: World, owner: PageReader, field: str, typed: str, said: str
) -> None:
    owner.get("/jobs/new")
    answer = owner.send("/jobs/new", JOB | {field: typed, "do": "save"})
    assert answer.status_code == 422
    assert said in answer.text
    assert "Please look at the marked fields" in answer.text
    if field != "description":
        assert "Serve guests at a busy cafe." in answer.text
    assert "No job is open" in owner.open("/jobs").text


class _Labels(HTMLParser):
    """Collects the controls of a page that no `<label>` names."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = 0
        self.named: set[str] = set()
        self.controls: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.inside += tag == "label"
        if tag == "label":
            self.named.add(given.get("for", ""))
        is_control = tag in {"input", "select", "textarea"} and given.get("type") != "hidden"
        if is_control and not self.inside:
            self.controls[given.get("name", "?")] = given.get("id", "?")

    def handle_endtag(self, tag: str) -> None:
        self.inside -= tag == "label"


@pytest.mark.parametrize(
    "path",
    ["/signup", "/signin", "/check", "/forgot", "/jobs/new", "/jobs", "/company", "/balance"],
)
def test_every_control_has_a_label(owner: PageReader, path: str) -> None:
    guest = PageReader(owner.url)
    reader = guest if path in {"/signup", "/signin", "/check", "/forgot"} else owner
    labels = _Labels()
    labels.feed(reader.open(path).text)
    assert {name for name, at in labels.controls.items() if at not in labels.named} == set()


def test_what_people_write_is_shown_and_never_run(world: World, owner: PageReader) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    path = draft(owner, title=evil, description=evil, address=evil)
    for page in (path, "/jobs", "/overview", f"{path}/edit"):
        text = owner.open(page).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    assert "&lt;script&gt;" in owner.open(path).text


def test_a_job_that_cant_be_published_stays_a_draft_and_says_why(
    world: World, owner: PageReader
) -> None:
    path = draft(owner, starts_on="2026-11-21", ends_on="2026-11-22")
    owner.get(path)
    answer = owner.send(f"{path}/publish", {})
    text = owner.open(answer.headers["location"]).text
    assert "the first shift has to be still to come" in text
    assert "Draft" in text


def test_a_held_text_shows_its_sentences(world: World, owner: PageReader) -> None:
    path = draft(owner, description="Pay a registration fee of 500 rupees before you join.")
    owner.get(path)
    text = owner.open(owner.send(f"{path}/publish", {}).headers["location"]).text
    assert "Our team looks at these sentences" in text
    assert "registration fee" in text


def test_a_published_job_changes_only_where_nobody_was_asked_for_it(
    world: World, owner: PageReader
) -> None:
    path = draft(owner)
    owner.get(path)
    owner.send(f"{path}/publish", {})
    assert 'name="role"' not in owner.get(f"{path}/edit").text
    answer = owner.send(f"{path}/edit", {"title": "Waiter for brunch", "positions": "3"})
    assert answer.status_code == 303
    assert "Waiter for brunch" in owner.open(path).text


def test_a_job_is_cancelled_once_and_repeated(world: World, owner: PageReader) -> None:
    path = draft(owner)
    owner.get(path)
    owner.send(f"{path}/publish", {})
    owner.get(path)
    cancel = owner.form(f"{path}/cancel")
    for _ in range(2):
        assert owner.post(f"{path}/cancel", cancel).status_code == 303
    assert "Cancelled" in owner.open(path).text
    answer = owner.send(f"{path}/repeat", {"starts_on": "2027-01-02"})
    assert "Draft" in owner.open(answer.headers["location"]).text


def test_a_job_is_closed_once_and_says_so(world: World, owner: PageReader) -> None:
    path = draft(owner)
    assert f'action="{path}/close"' not in owner.get(path).text
    owner.send(f"{path}/publish", {})
    owner.get(path)
    close = owner.form(f"{path}/close")
    for _ in range(2):
        assert owner.post(f"{path}/close", close).status_code == 303
    shown = owner.open(f"{path}?done=job_closed").text
    assert "Nobody more is asked" in shown
    assert "Closed" in shown
    # The tab that was open before: what it asks for is refused in words, and nothing changes.
    answer = owner.post(f"{path}/cancel", close)
    assert answer.status_code == 409
    assert "This job is closed" in answer.text
    assert "Waiter" in owner.open("/jobs?status=closed").text


def test_another_companys_job_is_not_found(world: World, owner: PageReader) -> None:
    path = draft(owner)
    stranger = PageReader(world.url)
    stranger.sign_up(2)
    for page in (path, f"{path}/edit", f"{path}/events"):
        assert stranger.get(page).status_code == 404
    stranger.get("/jobs/new")
    token = stranger.form("/jobs/new")["form_token"]
    for action in ("publish", "cancel", "close", "repeat", "edit", "pay"):
        values = {"form_token": token, "starts_on": "2027-01-02", "match_ids": path[-36:]}
        assert stranger.post(f"{path}/{action}", values | JOB).status_code in {404, 409}, action
    assert "Draft" in owner.open(path).text


def test_pages_come_in_hindi(world: World) -> None:
    reader = PageReader(world.url, language="hi-IN,hi;q=0.9,en;q=0.5")
    assert '<html lang="hi">' in reader.get("/").text
    assert "खाता खोलें" in reader.get("/signup").text
    answer = reader.send("/signup", {"company_name": "", "contact_name": "", "email": "x"})
    assert "यह भरिए।" in answer.text
    # What was chosen counts more than the browser.
    reader.get("/language/en", params={"back": "/help"})
    assert '<html lang="en">' in reader.get("/help").text
    reader.get("/language/hi", params={"back": "https://elsewhere.example"})
    assert reader.page is not None
    assert reader.page.headers["location"] == "/"


def test_a_language_that_nobody_chose_yields_to_the_browsers(
    world: World, owner: PageReader
) -> None:
    world.employer(email="owner@example.com")
    reader = PageReader(world.url, language="hi")
    reader.get("/signin")
    reader.send("/signin", {"email": "owner@example.com", "password": PASSWORD})
    assert '<html lang="hi"' in reader.open("/company").text
    reader.send("/company/language", {"language": "en"})
    assert '<html lang="en"' in reader.open("/jobs").text
    owner.open("/company")
    owner.send("/company/language", {"language": "hi"})
    del owner.cookies["__Host-language"]
    assert '<html lang="hi"' in owner.open("/jobs").text


def test_an_address_to_lead_back_to_begins_no_other_header(world: World) -> None:
    reader = PageReader(world.url)
    answer = reader.get("/language/hi", params={"back": "/help\r\nX-Evil: yes\r\n\r\n<script>"})
    assert "x-evil" not in answer.headers
    assert answer.headers["location"].startswith("/help%0D%0AX-Evil")
    # Letters of other scripts lead back, too.
    answer = reader.get("/console/find", params={"q": "हिन्दी"})
    assert answer.status_code == 303
    assert reader.get("/language/hi", params={"back": "/help?q=हिन्दी"}).status_code == 303


def test_an_address_that_is_not_there_is_a_page_for_people(world: World, owner: PageReader) -> None:
    for path in ("/jobs/not-an-id", "/help/nothing", "/nowhere"):
        answer = owner.get(path)
        assert answer.status_code == 404
        assert "There is no such page" in answer.text
    assert owner.get("/api/nowhere").headers["content-type"] == "application/problem+json"


def test_anybody_can_check_whether_a_company_is_one_of_ours(world: World) -> None:
    world.employer(email="owner@example.com")
    blocked = world.employer(email="bad@example.com")
    worker = world.worker()
    world.admin().post(
        f"/api/admin/employers/{blocked.id}/action", {"action": "suspend", "reason": "cheats"}
    )
    reader = PageReader(world.url)
    for who, said in (
        ("owner@example.com", "Yes: this belongs to a company"),
        ("OWNER@example.com", "Yes: this belongs to a company"),
        ("bad@example.com", "a company that we have blocked"),
        ("nobody@example.com", "No company here has this"),
        (worker.phone, "No company here has this"),
        ("<script>", "No company here has this"),
        ("", "No company here has this"),
    ):
        reader.get("/check")
        answer = reader.send("/check", {"who": who})
        assert said in answer.text, who
        assert "Cafe Leopold" not in answer.text
