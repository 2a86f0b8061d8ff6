"""Each kind of payload is read as its row says, and nothing done to one of them ever raises."""

import json
import random
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.messaging.inbound import Inbound
from app.providers.whatsapp.webhook import parse
from tests.infra.sweeps import examples
from tests.providers.platform_payloads import (
    CHANGES,
    MESSAGES,
    NEWS,
    STATUSES,
    Json,
    change_of,
    webhook,
)


def content(found: Inbound) -> str:
    """What the row of a message shows."""
    places = [str(each) for each in (found.latitude, found.longitude) if each is not None]
    moved = [each for each in (found.moved_to_phone, found.moved_to_id) if each]
    return " ".join(places or moved) or found.payload or found.phone or _words(found)


def _words(found: Inbound) -> str:
    return "" if found.kind == "moved" else found.text


def test_every_kind_has_its_row() -> None:
    assert set(CHANGES) == {*MESSAGES, *STATUSES, *NEWS}


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_message_is_read_as_its_row_says(kind: str) -> None:
    read_as, shown, follows = MESSAGES[kind]
    parsed = parse(webhook(CHANGES[kind]))
    if follows == "aside":
        assert (list(parsed.messages), list(parsed.set_aside)) == ([], [shown])
        return
    [found] = parsed.messages
    assert (found.kind.value, content(found), list(parsed.set_aside)) == (read_as, shown, [])
    assert found.in_group is (follows == "ignored")
    assert Inbound.from_json(json.loads(json.dumps(found.as_json()))) == found


@pytest.mark.parametrize("kind", STATUSES)
def test_a_status_is_read(kind: str) -> None:
    [found] = parse(webhook(CHANGES[kind])).statuses
    assert found.provider_id == f"wamid.{kind}"
    assert (found.refusal is not None) == kind.startswith("failed")


@pytest.mark.parametrize("kind", NEWS)
def test_news_alarm_or_are_only_noted(kind: str) -> None:
    parsed = parse(webhook(CHANGES[kind]))
    told = [(f"{each.event} {each.detail}".strip(), each.alarming) for each in parsed.notices]
    assert told == ([NEWS[kind]] if NEWS[kind] else [])
    assert not parsed.messages
    assert not parsed.statuses
    assert not parsed.set_aside


def paths(value: Any) -> list[tuple[Any, ...]]:
    """The way to every part of a JSON value."""
    if isinstance(value, dict):
        inner = list(value.items())
    else:
        inner = list(enumerate(value)) if isinstance(value, list) else []
    return [way for key, part in inner for way in [(key,), *((key, *on) for on in paths(part))]]


STRANGE: list[Any] = [
    *(None, True, 0, -1, 10**30, 1.5, "", "x", "\0\ud800", "9" * 400, [], {}, [None], [[]]),
    *({"id": {}}, {"body": 7}, [{"id": 7}], "IN.1", "919811100001"),
]


def damaged(change: Json, jitter: random.Random) -> Json:
    """The change with one to three parts dropped, replaced, added, or doubled."""
    whole = deepcopy(change)
    for _ in range(jitter.randint(1, 3)):
        ways = paths(whole)
        if not ways:
            break
        *way, last = jitter.choice(ways)
        inner: Any = whole
        for key in way:
            inner = inner[key]
        match jitter.choice(("drop", "replace", "replace", "add", "double")):
            case "drop":
                del inner[last]
            case "replace":
                inner[last] = deepcopy(jitter.choice(STRANGE))
            case "add" if isinstance(inner, dict):
                inner[f"new_{jitter.randint(0, 9)}"] = deepcopy(jitter.choice(STRANGE))
            case _ if isinstance(inner, list):
                inner.append(deepcopy(inner[last]))
            case _:
                inner[last] = [inner[last]]
    return whole


@settings(max_examples=examples(150))
@given(st.randoms(use_true_random=False), st.sampled_from(sorted(CHANGES)))
def test_no_damage_raises_or_harms_the_neighbours(jitter: random.Random, kind: str) -> None:
    before, after = change_of("text", message='"id": "before'), change_of("text_reply")
    parsed = parse(webhook(before, damaged(CHANGES[kind], jitter), after))
    ids = [found.message_id for found in parsed.messages]
    assert (ids[0], ids[-1]) == ("beforetext", "wamid.text_reply")
    # Whatever was understood can be kept by any database.
    kept = [json.dumps(found.as_json(), ensure_ascii=False) for found in parsed.messages]
    kept += [f"{each.provider_id} {each.code} {each.category}" for each in parsed.statuses]
    for shown in kept:
        assert "\0" not in shown
        shown.encode()
    assert all(len(each.code or "") < 10 for each in parsed.statuses)
