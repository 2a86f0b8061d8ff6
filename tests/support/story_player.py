"""Stories of several people on the page of phones, played to the end over HTTP.

A story is a text file: what each of them writes and taps, and all that each of them gets.

    mehta: ghar ke liye bai chahiye     they write; ` // ` parts messages sent one after the other
    mehta: [Yes, post it]               they tap the button or row of that title; `[…] x2` twice
    savitri: <audio>                    they send something else of the platform's; `<image> x3` an album
    mehta: <pay>                        they open the newest payment link they got, and pay on the provider's page
    mehta: <pay again>                  they open the newest payment link, and only look at it
    -- 26 hours later                   time passes
      to savitri: …                     what somebody gets, with [buttons] and {rows}
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.support.app_harness import World

_LINE: Final = re.compile(r"(\w+): (.+)")
_LATER: Final = re.compile(r"-- (\d+) (minutes|hours|days) later")
_TAP: Final = re.compile(r"\[(.+?)\](?: x(\d))?")
_SENT: Final = re.compile(r"<(\w+)>(?: x(\d))?")
_PAY_LINK: Final = re.compile(r"https?://\S+/pay/[\w-]+")
_HELLO_LINK: Final = re.compile(r"https://wa\.me/\d+\?text=\S+")


class Story:
    """One story in a running world; each person has a phone of their own."""

    def __init__(self, world: World) -> None:
        """Nobody has written yet."""
        self._world = world
        self._seen: dict[str, int] = {}

    def play(self, lines: Sequence[str]) -> list[str]:
        """Play the acts among these lines; return the story as it went."""
        came: list[str] = []
        for line in lines:
            if line.startswith("#"):
                came.append(line)
                continue
            if not (act := _LINE.fullmatch(line)) and not line.startswith("-- "):
                continue  # what somebody got the last time
            came.append(line)
            sys.stdout.write(f"{line}\n")  # shown where a story fails
            told = [
                *(self._act(act[1], act[2]) if act else self._pass_time(line)),
                *self._arrived(),
            ]
            sys.stdout.write("".join(f"{one}\n" for one in told))
            came += told
        return came

    def _phone(self, name: str) -> str:
        if name not in self._seen:
            self._seen[name] = 0
        return f"+9198220{[*self._seen].index(name):05d}"

    def _pass_time(self, line: str) -> list[str]:
        found = _LATER.fullmatch(line)
        assert found, line
        self._world.clock.advance(**{found[2]: int(found[1])})
        self._world.settle()
        return []

    def _act(self, name: str, act: str) -> list[str]:
        phone = self._phone(name)
        if act.startswith("<pay"):
            return self._pay(phone, really=act == "<pay>")
        if tap := _TAP.fullmatch(act):
            option = self._option(phone, tap[1])
            for _ in range(int(tap[2] or 1)):
                self._send(name, {"type": "button_reply", "id": option})
        elif sent := _SENT.fullmatch(act):
            for _ in range(int(sent[2] or 1)):
                self._send(name, {"type": sent[1]})
        else:
            for text in act.split(" // "):
                self._send(name, {"type": "text", "text": text})
        return []

    def _send(self, name: str, message: Mapping[str, Any]) -> None:
        self._world.says(self._phone(name), dict(message), name=name.capitalize())

    def _option(self, phone: str, title: str) -> str:
        for message in reversed(self._world.messages(phone)):
            for option in [*message["buttons"], *message["rows"]]:
                if option["title"] == title:
                    return str(option["id"])
        raise AssertionError(f"nobody was shown [{title}]")

    def _pay(self, phone: str, *, really: bool) -> list[str]:
        """Open the newest link, and pay there as a browser does; return what the page says first."""
        texts = [message["text"] for message in self._world.messages(phone)]
        links = [link for text in texts for link in _PAY_LINK.findall(text)]
        path = urlsplit(links[-1]).path
        page = self._world.http.get(path)
        assert page.status_code == 200, page.text
        if really:
            self._world.pay(self._world.http.post(path).headers["location"])
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
        assert heading, page.text
        said = unescape(" ".join(re.sub(r"<[^>]+>", " ", heading[1]).split()))
        return [f"  page: {said}"]

    def _arrived(self) -> Iterator[str]:
        for name in self._seen:
            messages = self._world.messages(self._phone(name))
            for message in messages[self._seen[name] :]:
                yield from _shown(name, message)
            self._seen[name] = len(messages)


def _shown(name: str, message: Mapping[str, Any]) -> Iterator[str]:
    text = _PAY_LINK.sub("(payment link)", message["text"])
    first, *others = _HELLO_LINK.sub("(hello link)", text).split("\n")
    yield f"  to {name}: {first}"
    yield from (f"      {line}" for line in others if line.strip())
    if message["buttons"]:
        yield "      " + " ".join(f"[{button['title']}]" for button in message["buttons"])
    for row in message["rows"]:
        about = f" – {row['description']}" if row.get("description") else ""
        yield f"      {{{row['title']}}}{about}"


def play_story(world: World, file: Path) -> tuple[list[str], list[str]]:
    """Return a story as it is written, and as it went."""
    written = file.read_text(encoding="utf-8").rstrip("\n").split("\n")
    return written, Story(world).play(written)
