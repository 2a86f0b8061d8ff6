"""What a first page costs over the wire, with all that it loads: compressed, as the proxy sends it."""

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from tests.support.app_harness import World
from tests.support.page_reader import PageReader

CADDYFILE = Path(__file__).parents[2] / "deploy/Caddyfile"
PROXY_LEVEL = 5
"""Of gzip in Caddy, where nothing else is said."""
MOST = {"all": 100_000, "text/css": 15_000, "text/javascript": 40_000}
"""Bytes over the wire: of a page with all it loads, of its styles, of its scripts."""


class _Loaded(HTMLParser):
    """Reads what a browser loads for a page by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag loads."""
        given = {name: value or "" for name, value in attrs}
        if tag == "link" and given.get("rel") in {"stylesheet", "icon", "preload", "manifest"}:
            self.addresses.add(given["href"])
        elif tag in {"script", "img", "source", "iframe", "video", "audio", "embed"}:
            self.addresses.add(given.get("src", ""))
        elif tag == "image":
            self.addresses.add(given.get("href", ""))
        self.addresses.discard("")


def loaded_by(page: httpx.Response) -> set[str]:
    """Return the addresses that a page, or a stylesheet, loads by itself; what is inline is in the page."""
    if page.headers["content-type"].startswith("text/css"):
        found = set(re.findall(r"(?:url\(|@import\s+)[\"']?([^\"')\s]+)", page.text))
    else:
        reader = _Loaded()
        reader.feed(page.text)
        found = reader.addresses
    return {address for address in found if not address.startswith("data:")}


def over_the_wire(answer: httpx.Response) -> int:
    """Return the bytes of an answer's head and of its body, compressed as the proxy does."""
    head = sum(len(name) + len(value) + 4 for name, value in answer.headers.multi_items())
    body = min(len(answer.content), len(gzip.compress(answer.content, PROXY_LEVEL)))
    return head + body


def sizes(reader: PageReader, path: str) -> dict[str, int]:
    """Open a page and all it loads; return the bytes of all, and by kind."""
    page = reader.get(path)
    assert page.status_code == 200, path
    bytes_of = {"all": over_the_wire(page), "text/css": 0, "text/javascript": 0}
    waiting, seen = loaded_by(page), set[str]()
    while waiting:
        address = waiting.pop()
        seen.add(address)
        assert address.startswith("/"), f"{address} is not of this site"
        answer = reader.get(address)
        assert answer.status_code == 200, address
        kind = answer.headers["content-type"].partition(";")[0]
        bytes_of["all"] += over_the_wire(answer)
        bytes_of[kind] = bytes_of.get(kind, 0) + over_the_wire(answer)
        if kind == "text/css":
            waiting |= loaded_by(answer) - seen
    return bytes_of


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize("path", ["/", "/signin", "/signup", "/jobs/new"])
def test_a_first_page_with_all_it_loads_is_small(
    sqlite_world: World, path: str, language: str
) -> None:
    reader = PageReader(sqlite_world.url, language)
    if path == "/jobs/new":
        reader.sign_up()
    found = sizes(reader, path)
    assert found["text/css"] > 0
    assert found["text/javascript"] > 0
    assert {kind: found[kind] for kind, most in MOST.items() if found[kind] > most} == {}


def test_the_proxy_compresses_what_it_sends() -> None:
    assert re.search(r"^\s*encode\b.*\bgzip\b", CADDYFILE.read_text(), re.MULTILINE)
