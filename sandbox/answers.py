"""Answers kept for their idempotency keys, and answers that go wrong on the way: the same for every provider."""

import hashlib
import json
import time
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import ASGIApp

from sandbox.silence import BrokenAnswer, NoAnswer
from sandbox.store import Json, Store, dumps, loads

#: What a scripted fault does to the answer of a writing call.
CALL_FAULTS = {
    "timeout_after_accept": "done, and the answer never comes",
    "drop_after_accept": "done, and the connection breaks before the answer",
    "timeout": "not done, and no answer comes",
    "http_500": "not done, 500; with a key, the answer is kept where the provider keeps it",
    "http_500_after_accept": "done, and 500; kept likewise",
    "html_502": "not done, an HTML page and 502",
    "html_404": "not done, a proxy's HTML page and 404",
    "bad_key": "not done, 401: the key is wrong",
    "rate_limited": "not done, 429",
    "blocked": "not done, 403: the key may not do this",
    "key_in_use": "not done, 409: another call with the same idempotency key is under way",
    "error": "not done, 400 with `code`",
}
#: What a scripted fault does to the answer of a reading call (GET).
READ_FAULTS = {
    "read_timeout": "no answer comes to a GET",
    "read_http_500": "a GET is answered by 500",
    "read_html_404": "a GET is answered by a proxy's HTML page and 404",
    "read_bad_key": "a GET is answered by 401: the key is wrong",
    "read_blocked": "a GET is answered by 403: the key may not do this",
    "read_rate_limited": "a GET is answered by 429",
}
_PAGES = {
    "html_502": (502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "html_404": (404, "<html><body><h1>404 Not Found</h1></body></html>"),
}
"""What comes of a proxy between the product and the provider."""


def instead_of_doing(kind: str | None, hang_seconds: float) -> ASGIApp | None:
    """What comes in place of the call, which is then not done; None where it is done."""
    if kind == "timeout":
        return NoAnswer(hang_seconds)
    if kind in _PAGES:
        status, page = _PAGES[kind]
        return Response(page, status, media_type="text/html")
    return None


def instead_of_answering(kind: str | None, hang_seconds: float) -> ASGIApp | None:
    """What comes in place of the answer to what was done; None where the answer comes."""
    if kind == "timeout_after_accept":
        return NoAnswer(hang_seconds)
    return BrokenAnswer() if kind == "drop_after_accept" else None


def fingerprint(method: str, path: str, params: Json) -> str:
    """What stands for a request: the same for the same."""
    canonical = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that is given again."""

    request: str
    status: int
    body: Json


class KeptAnswers:
    """The answers of one provider to calls with a key."""

    def __init__(self, store: Store, service: str, seconds: float) -> None:
        """`seconds`: how long one is kept."""
        self._store = store
        self._service = service
        self._seconds = seconds

    def find(self, key: str) -> Kept | None:
        """The answer kept for this key."""
        row = self._store.db.execute(
            "SELECT request, status, body FROM answers WHERE service = ? AND key = ? AND at > ?",
            (self._service, key, time.time() - self._seconds),
        ).fetchone()
        return None if row is None else Kept(row["request"], row["status"], loads(row["body"]))

    def keep(self, key: str, request: str, status: int, body: Json) -> None:
        """Keep an answer. Inside `store.write()`."""
        self._store.db.execute(
            "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (service, key) DO UPDATE SET request = excluded.request,"
            " status = excluded.status, body = excluded.body, at = excluded.at",
            (self._service, key, request, status, dumps(body), time.time()),
        )
