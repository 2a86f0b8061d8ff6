"""Playing the people: the control endpoints under `/whatsapp/_control`.

| call | does |
|---|---|
| `GET messages?phone=&after=` | what that person received, oldest first |
| `GET messages?after=` | what everybody was sent, oldest first, at most 1,000 |
| `POST inbound` | a person sends `message` (or several: `batch: [{phone, message}, …]`); a form that is
filled in is `{type: flow_reply, response: {field: value}}`, or with a `response_json` posted as it is |
| `POST status` | a status webhook by hand |
| `POST faults`, `GET faults` | what goes wrong next |
| `POST clock` | the 24-hour window and the pair limits see a later time |
| `POST raw` | any payload to the webhook, signed well, badly, or not; who writes in it opens their window |
| `GET people`, `POST people` | who there is; add or rename somebody (`{phone, name}`) |
| `POST block` | `{phone, blocked}`: a blocked business reaches that person no more |
| `POST read` | `{phone}`: the person opens the chat, and read receipts go out |
| `GET conversation?phone=` | both sides of a chat, with its marks and what went wrong |
| `POST templates` | `{name, language?, status}`: pause, disable or approve a template, and say so; with
`category` in place of `status` it is filed under that, and said so unless `told` is false |
| `POST reset` | the world begins anew (message templates and Flows stay) |
"""

import json
from collections.abc import Callable, Collection
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import faults
from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.graph import people, receive, send, templates, webhooks
from sandbox.graph.errors import webhook_error
from sandbox.graph.phone import PhoneControl, shown
from sandbox.problem import (
    Problem,
    StoredJson,
    answering_problems,
    integer_in,
    nothing_here,
    object_of,
    text_in,
)
from sandbox.store import Json, Store

STATUSES = ("accepted", "sent", "delivered", "read", "failed", "deleted", "played")


class WhatsAppControl:
    """The people's side of the sandbox."""

    def __init__(self, config: SandboxConfig, store: Store, deliverer: Deliverer) -> None:
        """The three are shared with the Graph API."""
        self._config = config
        self._store = store
        self._deliverer = deliverer

    def routes(self) -> list[Route]:
        """Routes below `/whatsapp/_control`."""
        get, post = ["GET"], ["POST"]
        return [
            Route("/messages", answering_problems(self._messages), methods=get),
            Route("/inbound", answering_problems(self._inbound), methods=post),
            Route("/status", answering_problems(self._status), methods=post),
            Route("/faults", answering_problems(self._faults), methods=["GET", "POST"]),
            Route("/clock", answering_problems(self._clock), methods=["GET", "POST"]),
            Route("/raw", answering_problems(self._raw), methods=post),
            Route("/templates", answering_problems(self._templates), methods=post),
            Route("/reset", answering_problems(self._reset), methods=post),
            *PhoneControl(self._store, self._deliverer).routes(),
            Route("/{path:path}", answering_problems(nothing_here), methods=["GET", "POST"]),
        ]

    async def _messages(self, request: Request) -> Response:
        who = request.query_params.get("phone", "")
        # A plus in a query is a space unless it is escaped; both are meant as the plus.
        person = people.find(self._store, who) if who else None
        after = 0
        if after_id := request.query_params.get("after"):
            row = self._store.db.execute(
                "SELECT seq FROM messages WHERE id = ?", (after_id,)
            ).fetchone()
            if row is None:
                raise Problem(422, "unknown_message", f"`after`: there is no message {after_id}.")
            after = row["seq"]
        if not who:
            return self._everybodys(after)
        if person is None:
            return JSONResponse({"items": []})
        rows = self._store.db.execute(
            "SELECT * FROM messages WHERE person_id = ? AND seq > ? AND incoming = 0"
            " AND status IN ('delivered', 'read') ORDER BY seq",
            (person.id, after),
        )
        return StoredJson({"items": [shown(self._store, dict(row)) for row in rows]})

    def _everybodys(self, after: int) -> Response:
        """All that was accepted: a later message may be delivered first, and none may be missed."""
        rows = self._store.db.execute(
            "SELECT * FROM messages WHERE seq > ? AND incoming = 0 AND status != 'failed'"
            " ORDER BY seq LIMIT 1000",
            (after,),
        )
        return StoredJson({"items": [shown(self._store, dict(row)) for row in rows]})

    async def _inbound(self, request: Request) -> Response:
        body = await object_of(request)
        batch = body.get("batch")
        if batch is None:
            id_, ids = receive.receive(self._config, self._store, self._deliverer, body)
            await self._deliver_or_explain(ids)
            return JSONResponse({"message_id": id_, "delivered": bool(ids)})
        if not isinstance(batch, list) or not all(isinstance(item, dict) for item in batch):
            raise Problem(422, "invalid_body", "`batch` is a list of {phone, message}.")
        message_ids: list[str] = []
        all_ids: list[int] = []
        with self._store.write():
            for item in batch:
                id_, ids = receive.receive(self._config, self._store, self._deliverer, item)
                message_ids.append(id_)
                all_ids += ids
        await self._deliver_or_explain(all_ids)
        return JSONResponse({"message_ids": message_ids, "delivered": bool(all_ids)})

    async def _deliver_or_explain(self, ids: list[int]) -> None:
        """Deliver now. Raises Problem 502 with the reason; the repeats go on in the background."""
        self._deliverer.wake("whatsapp")
        if not ids:
            return
        answer = await self._deliverer.deliver("whatsapp", ids)
        if not answer.acknowledged:
            raise Problem(
                502,
                "webhook_not_acknowledged",
                f"{answer.reason[:1].upper()}{answer.reason[1:]}. It will be repeated,"
                " as the platform does.",
            )

    async def _status(self, request: Request) -> Response:
        body = await object_of(request)
        message_id = text_in(body, "message_id")
        status = text_in(body, "status")
        if status not in STATUSES:
            raise Problem(422, "invalid_body", f"`status` is one of {', '.join(STATUSES)}.")
        error = None
        if status == "failed" or body.get("error_code") is not None:
            code = integer_in(body, "error_code", 131000, 0, 10_000_000)
            error = webhook_error(code, "Set by hand in the sandbox.")
        ids = send.stored_status(self._store, self._deliverer, message_id, status, error)
        await self._deliver_or_explain(ids)
        return JSONResponse({"message_id": message_id, "delivered": bool(ids)})

    async def _faults(self, request: Request) -> Response:
        if request.method == "POST":
            body = await object_of(request)
            kinds_by_moment = {"call": send.CALL_FAULTS, "person": receive.PERSON_FAULTS}
            return JSONResponse(faults.script(self._store, "whatsapp", kinds_by_moment, body))
        kinds = {**send.CALL_FAULTS, **receive.PERSON_FAULTS, **faults.WEBHOOK_FAULTS}
        waiting = faults.waiting(self._store, "whatsapp")
        return JSONResponse({"waiting": waiting, "kinds": kinds})

    async def _clock(self, request: Request) -> Response:
        advanced = float(self._store.setting("clock_advance_seconds", "0"))
        if request.method == "POST":
            body = await object_of(request)
            seconds = body.get("advance_seconds")
            if (
                isinstance(seconds, bool)
                or not isinstance(seconds, int | float)
                or not 0 <= seconds <= 366 * 86_400
            ):
                raise Problem(
                    422, "invalid_body", "`advance_seconds` is a number of seconds up to a year."
                )
            with self._store.write():
                advanced = float(self._store.setting("clock_advance_seconds", "0")) + seconds
                self._store.set_setting("clock_advance_seconds", str(advanced))
                self._store.note("clock", f"the chat's clock is {advanced:g} seconds ahead")
        return JSONResponse({"advanced_seconds": advanced})

    async def _raw(self, request: Request) -> Response:
        body = await object_of(request)
        payload = body.get("payload")
        signature = text_in(body, "signature", "good")
        if signature not in ("good", "bad", "none"):
            raise Problem(422, "invalid_body", "`signature` is good, bad or none.")
        times = integer_in(body, "times", 1, 1, 1000)
        # A text goes out as it is, so that what is not JSON can be tried too.
        raw = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
        if signature == "good":
            receive.open_windows(self._config, self._store, payload)
        answers = [await self._deliverer.post("whatsapp", raw, signature) for _ in range(times)]
        self._store.note("raw", f"a raw payload went out {times} times, signature {signature}")
        return JSONResponse(
            {
                "delivered": all(answer.acknowledged for answer in answers),
                "statuses": [answer.status for answer in answers],
                "answer": answers[-1].text,
            }
        )

    async def _templates(self, request: Request) -> Response:
        """Give a template another status, or file it under another category, and say so."""
        body = await object_of(request)
        told: Callable[[Json, str], Json]
        if body.get("category") is None:
            to = _one_of(templates.STATUSES, "status", text_in(body, "status", ""))
            change, told = partial(templates.set_status, status=to), webhooks.template_status
        else:
            to = _one_of(templates.CATEGORIES, "category", text_in(body, "category"))
            change, told = partial(templates.set_category, category=to), webhooks.template_category
        name, language = text_in(body, "name"), body.get("language")
        ids: list[int] = []
        with self._store.write():
            changed = change(self._store, name, None if language is None else str(language))
            for template in changed if body.get("told", True) else ():
                ref = template["id"]
                ids += self._deliverer.enqueue(
                    "whatsapp", told(template, to), ref=ref, at_once=False
                )
        if not changed:
            raise Problem(404, "unknown_template", f"There is no template {name}.")
        await self._deliver_or_explain(ids)
        what = "status" if body.get("category") is None else "category"
        return JSONResponse({"name": name, what: to, "changed": len(changed)})

    async def _reset(self, request: Request) -> Response:
        self._store.reset()
        self._store.note("reset", "the world began anew")
        return JSONResponse({"reset": True})


def _one_of(known: Collection[str], what: str, given: str) -> str:
    """Return `given` in capitals. Raises `Problem` for a word that is not `known`."""
    word = given.upper()
    if word not in known:
        raise Problem(422, "invalid_body", f"`{what}` is one of {', '.join(known)}.")
    return word
