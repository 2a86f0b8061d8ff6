"""What the model answers next, and what it was asked: kept in the world's file."""

from typing import Any, Final

from sandbox.problem import Problem, integer_in, text_in
from sandbox.store import Json, Store, dumps, loads

_SCRIPTS: Final = "interpreter_scripts"
_REQUESTS: Final = "interpreter_requests"
MOST_SCRIPTS: Final = 1_000
REQUESTS_KEPT: Final = 100


def add(store: Store, body: Json) -> Json:
    """Script an answer: `{answer | content, text?, times?}`.

    `answer` fills fields of the asked schema (`understood` is true), `content` is the text itself. It is given to
    requests whose text holds `text`, `times` times; 0 takes back what was scripted. Raises `Problem`.
    """
    times = integer_in(body, "times", 1, 0, 1_000_000)
    if times == 0:
        with store.write():
            store.set_setting(_SCRIPTS, "[]")
        return {"times": 0}
    answer, content = body.get("answer"), body.get("content")
    if isinstance(answer, dict) == isinstance(content, str):
        raise Problem(422, "invalid_body", "Give either `answer`, an object, or `content`, a text.")
    script = {
        "answer": answer,
        "content": content,
        "text": text_in(body, "text", ""),
        "times": times,
    }
    with store.write():
        waiting = scripted(store)
        if len(waiting) >= MOST_SCRIPTS:
            raise Problem(409, "too_many_scripts", "Take some back with `times: 0` first.")
        store.set_setting(_SCRIPTS, dumps([*waiting, script]))
        store.note("interpreter", f"the model will answer {times} times as scripted")
    return script


def scripted(store: Store) -> list[Json]:
    """Return the answers still to be given, oldest first."""
    return _list(store, _SCRIPTS)


def take(store: Store, text: str, schema: Json) -> str | None:
    """Use up the oldest answer for this text, and return its content."""
    with store.write():
        waiting = scripted(store)
        for script in waiting:
            if script["text"].casefold() in text.casefold():
                script["times"] -= 1
                store.set_setting(_SCRIPTS, dumps([one for one in waiting if one["times"] > 0]))
                if script["content"] is not None:
                    return str(script["content"])
                return dumps({**not_understood(schema), "understood": True, **script["answer"]})
    return None


def not_understood(schema: Json) -> Json:
    """Return an answer without anything, as the schema allows it."""
    return {name: _empty(field) for name, field in schema["properties"].items()}


def _empty(field: Any) -> Any:
    kind = field.get("type") if isinstance(field, dict) else None
    return {"boolean": False, "array": []}.get(kind) if isinstance(kind, str) else None


def text_of(body: Json) -> str:
    """Return the last message of a request."""
    last = body["messages"][-1]
    return str(last.get("content", "")) if isinstance(last, dict) else ""


def note_request(store: Store, body: Json) -> None:
    """Keep what was asked, for whoever wants to see what arrives at the model."""
    with store.write():
        kept = [*requests(store), body][-REQUESTS_KEPT:]
        store.set_setting(_REQUESTS, dumps(kept))
        store.note("interpreter", "the model was asked")


def requests(store: Store) -> list[Json]:
    """Return the bodies of the last requests, oldest first."""
    return _list(store, _REQUESTS)


def _list(store: Store, name: str) -> list[Json]:
    kept: list[Json] = loads(store.setting(name, "[]"))
    return kept
