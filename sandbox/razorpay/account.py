"""The account: every object and verb of the stand-in, wired together, and its calls by path."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.razorpay.errors import RazorpayError, not_modelled
from sandbox.razorpay.events import Events
from sandbox.razorpay.links import Links
from sandbox.razorpay.objects import LINK, Objects, collection, shown
from sandbox.razorpay.payments import Payments
from sandbox.store import Json, Store

LISTING = frozenset({"count", "from", "skip", "to"})


@dataclass(frozen=True, slots=True)
class Call:
    """What answers a method and a path; `answer` takes the path's ids and the parameters."""

    method: str
    path: re.Pattern[str]
    answer: Callable[[tuple[str, ...], Json], Json]


class Account:
    """Everything behind the API."""

    def __init__(self, config: SandboxConfig, store: Store, deliverer: Deliverer) -> None:
        """All processes share the account through the store."""
        self._config = config
        self._store = store
        self._deliverer = deliverer
        self.objects = Objects(store)
        self.events = Events(store, self.objects, deliverer)
        self.payments = Payments(self.objects, self.events)
        self.links = Links(config, self.objects, self.events, self.payments)
        self._calls = self._wired()

    def answer(self, method: str, path: str, params: Json) -> Json:
        """The object or list that a call gives. Raises RazorpayError."""
        for call in self._calls:
            if call.method == method and (match := call.path.fullmatch(path)):
                return call.answer(match.groups(), params)
        raise RazorpayError("The requested URL was not found on the server.", status=400)

    def expire_due(self) -> int:
        """End the links whose time is over; returns how many."""
        if not self.objects.open_past(self._config.session_clock()):
            return 0
        with self._store.write():
            expired = self.links.expire_due()
        self._deliverer.wake("razorpay")
        return expired

    def _wired(self) -> list[Call]:
        get, post = "GET", "POST"
        objects, payments, links = self.objects, self.payments, self.links
        return [
            _call(post, "payment_links", lambda _, q: shown(links.create(q))),
            _call(
                get,
                "payment_links",
                lambda _, q: {"payment_links": [shown(each) for each in links.by(q)]},
            ),
            _call(get, "payment_links/{}", lambda ids, _: shown(objects.get(LINK, ids[0]))),
            _call(post, "payment_links/{}/cancel", lambda ids, _: shown(links.cancel(ids[0]))),
            _call(get, "payments", lambda _, q: self._list("payment", q)),
            _call(get, "payments/{}", lambda ids, _: shown(objects.get("payment", ids[0]))),
            _call(post, "payments/{}/refund", lambda ids, q: shown(payments.refund(ids[0], q))),
            _call(get, "payments/{}/refunds", lambda ids, q: self._list("refund", q, of=ids[0])),
            _call(get, "refunds", lambda _, q: self._list("refund", q)),
            _call(get, "refunds/{}", lambda ids, _: shown(objects.get("refund", ids[0]))),
            _call(get, "disputes", lambda _, q: self._list("dispute", q)),
            _call(get, "disputes/{}", lambda ids, _: shown(objects.get("dispute", ids[0]))),
            _call(
                get,
                "settlements/recon/combined",
                lambda _, q: collection([_unnamed(each) for each in payments.movements(q)]),
            ),
        ]

    def _list(self, entity: str, params: Json, of: str | None = None) -> Json:
        if unknown := [name for name in params if name not in LISTING]:
            raise not_modelled(unknown)
        if of is not None:
            self.objects.get("payment", of)
        return collection(self.objects.page(entity, params, payment_id=of))


def _unnamed(movement: Json) -> Json:
    """A line of the report has no id of its own."""
    return {name: value for name, value in movement.items() if name != "id"}


def _call(method: str, path: str, answer: Callable[[tuple[str, ...], Json], Json]) -> Call:
    return Call(method, re.compile(path.replace("{}", r"([A-Za-z0-9_]{1,64})") + "/?"), answer)
