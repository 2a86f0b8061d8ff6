"""Controls that the payment providers have in common: faults, events sent again, and webhooks of any content."""

import json
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import faults
from sandbox.deliver import Deliverer
from sandbox.problem import Problem, answering_problems, integer_in, object_of, text_in
from sandbox.store import Json, Store


class WebhookControl:
    """`events/{id}/resend`, `faults` and `raw` of one provider."""

    def __init__(
        self,
        service: str,
        store: Store,
        deliverer: Deliverer,
        kinds: Mapping[str, Mapping[str, str]],
        event: Callable[[str], tuple[str, Json]],
    ) -> None:
        """`kinds` are the provider's faults by moment; `event` finds one: what it is called, and what is queued.

        `event` raises Problem 404.
        """
        self._service = service
        self._store = store
        self._deliverer = deliverer
        self._kinds = kinds
        self._event = event

    def routes(self) -> list[Route]:
        """Routes below the provider's `_control`."""
        return [
            Route("/events/{id}/resend", answering_problems(self._resend), methods=["POST"]),
            Route("/faults", answering_problems(self._faults), methods=["GET", "POST"]),
            Route("/raw", answering_problems(self._raw), methods=["POST"]),
        ]

    async def _resend(self, request: Request) -> Response:
        id_ = str(request.path_params["id"])
        kind, item = self._event(id_)
        with self._store.write():
            ids = self._deliverer.enqueue(self._service, item, ref=id_, at_once=False)
        # Two where a fault doubles it.
        for answer in [await self._deliverer.deliver(self._service, [one]) for one in ids]:
            if not answer.acknowledged:
                detail = f"{answer.reason[:1].upper()}{answer.reason[1:]}."
                raise Problem(502, "webhook_not_acknowledged", detail)
        return JSONResponse({"id": id_, "type": kind, "delivered": bool(ids)})

    async def _faults(self, request: Request) -> Response:
        if request.method == "POST":
            body = await object_of(request)
            return JSONResponse(faults.script(self._store, self._service, self._kinds, body))
        kinds = {word: does for words in self._kinds.values() for word, does in words.items()}
        return JSONResponse(
            {
                "waiting": faults.waiting(self._store, self._service),
                "kinds": kinds | faults.WEBHOOK_FAULTS,
            }
        )

    async def _raw(self, request: Request) -> Response:
        body = await object_of(request)
        payload = body.get("payload")
        signature = text_in(body, "signature", "good")
        if signature not in ("good", "bad", "none"):
            raise Problem(422, "invalid_body", "`signature` is good, bad or none.")
        times = integer_in(body, "times", 1, 1, 1000)
        event_id = text_in(body, "event_id", "")
        raw = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
        answers = [
            await self._deliverer.post(self._service, raw, signature, event_id=event_id)
            for _ in range(times)
        ]
        return JSONResponse(
            {
                "delivered": all(answer.acknowledged for answer in answers),
                "statuses": [answer.status for answer in answers],
                "answer": answers[-1].text,
            }
        )
