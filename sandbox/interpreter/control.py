"""Playing the model: the control endpoints under `/interpreter/_control`.

| call | does |
|---|---|
| `POST interpreter` | `{answer or content, text?, times?}`: what it answers next, to requests whose text holds `text` |
| `GET interpreter` | the answers still to come, and the last requests that arrived |
| `POST faults`, `GET faults` | what goes wrong next |
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import faults
from sandbox.interpreter import scripts
from sandbox.interpreter.api import CALL_FAULTS
from sandbox.problem import StoredJson, answering_problems, nothing_here, object_of
from sandbox.store import Store


class InterpreterControl:
    """What a test or a person decides the model to say."""

    def __init__(self, store: Store) -> None:
        """What is scripted is shared with the API through the store."""
        self._store = store

    def routes(self) -> list[Route]:
        """Routes below `/interpreter/_control`."""
        both = ["GET", "POST"]
        return [
            Route("/interpreter", answering_problems(self._interpreter), methods=both),
            Route("/faults", answering_problems(self._faults), methods=both),
            Route("/{path:path}", answering_problems(nothing_here), methods=both),
        ]

    async def _interpreter(self, request: Request) -> Response:
        if request.method == "POST":
            return StoredJson(scripts.add(self._store, await object_of(request)))
        waiting, asked = scripts.scripted(self._store), scripts.requests(self._store)
        return StoredJson({"waiting": waiting, "requests": asked})

    async def _faults(self, request: Request) -> Response:
        if request.method == "POST":
            body = await object_of(request)
            done = faults.script(self._store, "interpreter", {"call": CALL_FAULTS}, body)
            return JSONResponse(done)
        waiting = faults.waiting(self._store, "interpreter")
        return JSONResponse({"waiting": waiting, "kinds": CALL_FAULTS})
