"""What a phone does beyond sending: it is there, shows its chat, blocks, and reads.

The calls are among those of `sandbox.graph.control`, whose docstring lists them all.
"""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.deliver import Deliverer
from sandbox.graph import flows, people, send
from sandbox.graph.people import Person
from sandbox.problem import Problem, StoredJson, answering_problems, object_of, text_in
from sandbox.store import Json, Store, loads

CONVERSATION_MESSAGES = 200


class PhoneControl:
    """The phones, as the page in the browser and tests use them."""

    def __init__(self, store: Store, deliverer: Deliverer) -> None:
        """Both are shared with the Graph API."""
        self._store = store
        self._deliverer = deliverer

    def routes(self) -> list[Route]:
        """Routes below `/whatsapp/_control`."""
        return [
            Route("/people", answering_problems(self._people), methods=["GET", "POST"]),
            Route("/block", answering_problems(self._block), methods=["POST"]),
            Route("/read", answering_problems(self._read), methods=["POST"]),
            Route("/conversation", answering_problems(self._conversation), methods=["GET"]),
        ]

    async def _people(self, request: Request) -> Response:
        if request.method == "POST":
            body = await object_of(request)
            for name in ("phone", "user_id", "name"):
                if body.get(name) is not None and not isinstance(body[name], str):
                    raise Problem(422, "invalid_body", f"`{name}` is text.")
            with self._store.write() as db:
                person = people.meet(
                    self._store, body.get("phone"), body.get("user_id"), body.get("name")
                )
                on_page = 0 if body.get("on_page") is False else 1
                db.execute("UPDATE people SET on_page = ? WHERE id = ?", (on_page, person.id))
            return JSONResponse(self._described(person))
        only = " WHERE on_page = 1" if request.query_params.get("on_page") else ""
        rows = self._store.db.execute(f"SELECT id FROM people{only} ORDER BY id").fetchall()
        found = [people.by_id(self._store, row["id"]) for row in rows]
        return JSONResponse({"items": [self._described(person) for person in found]})

    async def _block(self, request: Request) -> Response:
        body = await object_of(request)
        person = self._someone(body)
        blocked = body.get("blocked", True)
        if not isinstance(blocked, bool):
            raise Problem(422, "invalid_body", "`blocked` is true or false.")
        with self._store.write() as db:
            db.execute("UPDATE people SET blocked = ? WHERE id = ?", (int(blocked), person.id))
            self._store.note(
                "block",
                f"{person.shown} {'blocked' if blocked else 'unblocked'} the business",
                person_id=person.id,
            )
        return JSONResponse(self._described(people.by_id(self._store, person.id)))

    async def _read(self, request: Request) -> Response:
        person = self._someone(await object_of(request))
        unread = self._store.db.execute(
            "SELECT id FROM messages WHERE person_id = ? AND incoming = 0"
            " AND status = 'delivered' ORDER BY seq",
            (person.id,),
        ).fetchall()
        ids: list[int] = []
        with self._store.write():
            for row in unread:
                ids += send.stored_status(self._store, self._deliverer, row["id"], "read", None)
            if unread:
                self._store.note("read", f"{person.shown} read the chat", person_id=person.id)
        if ids:
            # Receipts are background news: a webhook that is down must not keep the chat shut.
            await self._deliverer.deliver("whatsapp", ids)
        return JSONResponse({"read": len(unread)})

    async def _conversation(self, request: Request) -> Response:
        person = people.find(self._store, request.query_params.get("phone", ""))
        if person is None:
            raise Problem(404, "unknown_person", "Nobody here has that number.")
        rows = self._store.db.execute(
            "SELECT * FROM (SELECT * FROM messages WHERE person_id = ?"
            " ORDER BY seq DESC LIMIT ?) ORDER BY seq",
            (person.id, CONVERSATION_MESSAGES),
        ).fetchall()
        items = [self._in_chat(dict(row)) for row in rows]
        return StoredJson({"person": self._described(person), "items": items})

    def _in_chat(self, row: Json) -> Json:
        """A message with its marks, and with what went wrong on its way."""
        status, trouble = row["status"], None
        if row["incoming"] and status != "read":
            status, trouble = self._posted(row["id"])
        elif status == "failed":
            trouble = self._failure(row["id"])
        return {
            **shown(self._store, row),
            "incoming": bool(row["incoming"]),
            "status": status,
            "trouble": trouble,
        }

    def _posted(self, message_id: str) -> tuple[str, str | None]:
        """Whether the business was told of a person's message, and if not, what it answered."""
        rows = self._store.db.execute(
            "SELECT state, last_error FROM webhooks WHERE ref = ? ORDER BY id", (message_id,)
        ).fetchall()
        if any(row["state"] == "delivered" for row in rows):
            return "delivered", None
        return "sent", rows[-1]["last_error"] if rows else None

    def _failure(self, message_id: str) -> str | None:
        """Why a message of the business never reached the phone, in one line."""
        rows = self._store.db.execute(
            "SELECT item FROM webhooks WHERE ref = ? ORDER BY id DESC", (message_id,)
        )
        for row in rows:
            for error in loads(row["item"]).get("status", {}).get("errors", []):
                return f"{error['code']} {error['title']}: {error['error_data']['details']}"
        return None

    def _someone(self, body: Json) -> Person:
        who = text_in(body, "phone")
        person = people.find(self._store, who)
        if person is None:
            raise Problem(404, "unknown_person", f"Nobody here has {who}.")
        return person

    def _described(self, person: Person) -> Json:
        now = send.now_in_sandbox(self._store)
        return {
            "phone": f"+{person.phone}" if person.phone else None,
            "user_id": person.user_id,
            "name": person.name,
            "blocked": person.blocked,
            "window_seconds_left": send.window_seconds_left(person, now),
        }


def shown(store: Store, row: Json) -> Json:
    """A stored message as the control endpoints show it, and its form as the person sees it."""
    payload = loads(row["payload"])
    form = flows.shown(store, payload)
    return {
        "id": row["id"],
        "at": instant(row["at"]),
        "to": row["recipient"],
        "type": row["type"],
        "text": row["text"],
        "buttons": loads(row["buttons"]),
        "rows": [{"id": item["id"], "title": item["title"]} for item in loads(row["rows"])],
        "payload": flows.with_layout(store, payload),
        **({} if form is None else {"form": form}),
    }


def instant(at: float) -> str:
    """Unix seconds as RFC 3339 in UTC, to the millisecond."""
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
