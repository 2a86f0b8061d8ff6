"""The page that shows every component to developers."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jinja2 import Environment, nodes

from tests.api.test_closed_by_default import answer, production
from tests.infra.pages import barriers, opened, overflow
from tests.support.app_harness import World
from tests.support.page_reader import PageReader

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PATH = "/developers/components"
TEMPLATES = Path(__file__).parents[2] / "app/web/templates"
COMPONENTS = sorted(each.relative_to(TEMPLATES).as_posix() for each in TEMPLATES.glob("parts/*"))


def parsed(name: str) -> nodes.Template:
    return Environment().parse((TEMPLATES / name).read_text())


def file_of(node: nodes.Import | nodes.Include) -> str:
    assert isinstance(node.template, nodes.Const)
    return str(node.template.value)


def called_in(template: nodes.Template) -> set[str]:
    """Return what a template calls: `macro` of its own, `alias.macro` of what it imports."""
    found = set()
    for call in template.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name):
            found.add(call.node.name)
        elif isinstance(call.node, nodes.Getattr) and isinstance(call.node.node, nodes.Name):
            found.add(f"{call.node.node.name}.{call.node.attr}")
    return found


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_component_is_on_the_page(name: str) -> None:
    shown = parsed("developers/components.html")
    macros = {each.name for each in parsed(name).find_all(nodes.Macro)}
    imported = [each.target for each in shown.find_all(nodes.Import) if file_of(each) == name]
    if not imported:
        included = {file_of(each) for each in shown.find_all(nodes.Include)}
        assert name in included, f"the page shows nothing of {name}"
        assert macros <= called_in(parsed(name))
        return
    [alias] = imported
    assert {f"{alias}.{each}" for each in macros} <= called_in(shown), name


@pytest.mark.parametrize("language", ["en", "hi"])
def test_components_are_shown_without_scripts(sqlite_world: World, language: str) -> None:
    page = PageReader(sqlite_world.url, language).get(PATH)
    assert page.status_code == 200
    said = {"en": "What is wrong with a field stands here.", "hi": "खाने में जो ग़लत है"}[language]
    assert said in page.text
    for part in ("<table", "<progress", "<dl", "<svg", 'class="empty"', 'class="card"', "<details"):
        assert part in page.text, part


async def test_production_has_no_page_of_components(tmp_path: Path) -> None:
    shown = await answer(production(tmp_path), PATH)
    assert shown.status_code == 404
    assert "<table" not in shown.text


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_components_can_be_used_by_everybody(
    sqlite_world: World, browser_of_file: "Browser", language: str, scheme: str
) -> None:
    start = f"{sqlite_world.url}/language/{language}?back={PATH}"
    narrow = {"width": 360, "height": 740}
    with opened(browser_of_file, start, color_scheme=scheme, viewport=narrow) as page:
        for summary in page.locator("summary").all():
            summary.click()
        assert barriers(page) == []
        # What asks why is a dialog: as easy for everybody, and the focus comes back.
        asking = page.locator("[aria-haspopup=dialog]")
        assert asking.count() > 1
        for button in asking.all():
            button.click()
            assert barriers(page) == []
            assert page.evaluate(
                "document.querySelector('dialog[open]').contains(document.activeElement)"
            )
            page.keyboard.press("Escape")
            assert button.evaluate("button => button === document.activeElement")
        assert overflow(page) == 0
