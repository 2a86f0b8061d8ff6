"""The page a newcomer opens: phones side by side, and what just happened.

The page is plain HTML; its script talks to the control endpoints that tests use too. News comes
by server-sent events: the journal is looked at a few times a second while somebody watches.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.config import SandboxConfig
from sandbox.graph.phone import instant
from sandbox.pages.html import page, root_of
from sandbox.store import Json, Store

STATIC = Path(__file__).parent / "static"
TYPES = {".js": "text/javascript", ".css": "text/css"}
EVENTS = "text/event-stream"
LOOK_SECONDS = 0.25
#: A stream ends soon and the browser opens the next: a server that is asked to stop waits for
#: open streams, and nobody wants to wait long.
STREAM_SECONDS = 4.0
RECONNECT_MILLISECONDS = 200
NEWEST_ROWS = 30


class PhonesPage:
    """`/`, its files, and its stream of news."""

    def __init__(self, config: SandboxConfig, store: Store) -> None:
        """The page's text is read once."""
        self._config = config
        self._store = store
        # Served by the product itself, the page may call it; from elsewhere a browser would not.
        desk = "elsewhere.html" if config.product_url else "desk.html"
        self._body = _html("phones.html").replace("{{desk}}", _html(desk))
        self._files = {
            file.name: TYPES[file.suffix] for file in STATIC.iterdir() if file.suffix in TYPES
        }

    def routes(self) -> list[Route]:
        """The page, its files, its news."""
        return [
            Route("/", self._page, methods=["GET"]),
            Route("/static/{name}", self._file, methods=["GET"]),
            Route("/news", self._news, methods=["GET"]),
        ]

    async def _page(self, request: Request) -> HTMLResponse:
        server = (self._config.product_url or self._config.public_url).rstrip("/")
        links = "".join(
            f'<li><a href="{escape(server + path)}">{escape(label)}</a></li>'
            for label, path in self._config.links
        )
        body = self._body.replace("{{links}}", links).replace("{{server}}", escape(server))
        root = root_of(request)
        return page("Partimer sandbox", body, root=root, style="phones.css", script="phones.js")

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._files:
            return Response("No such file.", 404, media_type="text/plain")
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return FileResponse(STATIC / name, media_type=self._files[name], headers=headers)

    async def _news(self, request: Request) -> Response:
        last = request.headers.get("last-event-id") or request.query_params.get("after") or ""
        newest = self._newest()
        after = int(last) if last.isdigit() and len(last) < 16 else max(0, newest - NEWEST_ROWS)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        if after > newest:
            # The file of the world was removed meanwhile: the page shows a world that is gone.
            return Response("event: anew\ndata: {}\n\n", media_type=EVENTS, headers=headers)
        return StreamingResponse(self._stream(after), media_type=EVENTS, headers=headers)

    async def _stream(self, after: int) -> AsyncIterator[str]:
        yield f"retry: {RECONNECT_MILLISECONDS}\n\n"
        end = time.monotonic() + STREAM_SECONDS
        while time.monotonic() < end:
            for row in self._rows(after):
                after = row["id"]
                yield f"id: {row['id']}\ndata: {json.dumps(row)}\n\n"
            await asyncio.sleep(LOOK_SECONDS)

    def _newest(self) -> int:
        # Not MAX(id): after a reset there is no row, and numbers go on.
        row = self._store.db.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'journal'"
        ).fetchone()
        return int(row["seq"]) if row else 0

    def _rows(self, after: int) -> list[Json]:
        rows = self._store.db.execute(
            "SELECT j.id, j.at, j.kind, j.summary, p.phone, p.user_id FROM journal j"
            " LEFT JOIN people p ON p.id = j.person_id WHERE j.id > ? ORDER BY j.id LIMIT 500",
            (after,),
        )
        return [
            {
                "id": row["id"],
                "at": instant(row["at"]),
                "kind": row["kind"],
                "summary": row["summary"],
                "person": f"+{row['phone']}" if row["phone"] else row["user_id"],
            }
            for row in rows
        ]


def _html(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
