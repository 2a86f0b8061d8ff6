"""The account: every object and verb of the stand-in, wired together, and its calls by path."""

from sandbox.calls import Call, call, find
from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.razorpay.errors import RazorpayError, not_modelled
from sandbox.razorpay.events import Events
from sandbox.razorpay.links import Links
from sandbox.razorpay.objects import LINK, Objects, collection, shown
from sandbox.razorpay.payments import Payments
from sandbox.store import Json, Store

LISTING = frozenset({"count", "from", "skip", "to"})


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
        if found := find(self._calls, method, path.removesuffix("/")):
            answer, ids = found
            return answer(ids, params)
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
            call(post, "payment_links", lambda _, q: shown(links.create(q))),
            call(
                get,
                "payment_links",
                lambda _, q: {"payment_links": [shown(each) for each in links.by(q)]},
            ),
            call(get, "payment_links/{}", lambda ids, _: shown(objects.get(LINK, ids[0]))),
            call(post, "payment_links/{}/cancel", lambda ids, _: shown(links.cancel(ids[0]))),
            call(get, "payments", lambda _, q: self._list("payment", q)),
            call(get, "payments/{}", lambda ids, _: shown(objects.get("payment", ids[0]))),
            call(post, "payments/{}/refund", lambda ids, q: shown(payments.refund(ids[0], q))),
            call(get, "payments/{}/refunds", lambda ids, q: self._list("refund", q, of=ids[0])),
            call(get, "refunds", lambda _, q: self._list("refund", q)),
            call(get, "refunds/{}", lambda ids, _: shown(objects.get("refund", ids[0]))),
            call(get, "disputes", lambda _, q: self._list("dispute", q)),
            call(get, "disputes/{}", lambda ids, _: shown(objects.get("dispute", ids[0]))),
            call(
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
