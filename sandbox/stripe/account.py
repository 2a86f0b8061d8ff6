"""The account: every object and verb of the stand-in, wired together, and its calls by path.

A call is a method and a path; `calls()` gives what answers each. All run inside one transaction.
"""

from sandbox.calls import Call, call, find
from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.store import Json, Store
from sandbox.stripe import params as p
from sandbox.stripe.balance import Balance
from sandbox.stripe.checkout import Checkout
from sandbox.stripe.customers import Customers
from sandbox.stripe.errors import StripeError, missing
from sandbox.stripe.events import Events
from sandbox.stripe.intents import Intents
from sandbox.stripe.objects import Objects
from sandbox.stripe.refunds import Refunds

LISTING = frozenset({"created", "ending_before", "limit", "starting_after"})


class Account:
    """Everything behind the API."""

    def __init__(self, config: SandboxConfig, store: Store, deliverer: Deliverer) -> None:
        """All processes share the account through the store."""
        self._config = config
        self._store = store
        self._deliverer = deliverer
        self.objects = Objects(store)
        self.events = Events(store, self.objects, deliverer)
        self.balance = Balance(self.objects)
        self.intents = Intents(config, store, self.objects, self.events, self.balance)
        self.checkout = Checkout(config, self.objects, self.events, self.intents)
        self.customers = Customers(self.objects, self.events)
        self.refunds = Refunds(store, self.objects, self.events, self.balance)
        self._calls = self._wired()

    def answer(self, method: str, path: str, params: Json) -> Json:
        """The object or list that a call gives, before expansion. Raises StripeError."""
        if found := find(self._calls, method, path):
            answer, ids = found
            return answer(ids, params)
        raise StripeError(
            f"Unrecognized request URL ({method}: /v1/{path}). If you are trying to list objects,"
            " remove the trailing slash.",
            status=404,
        )

    def expire_due(self) -> int:
        """End the checkout sessions whose time is over; returns how many."""
        if not self.objects.open_past(self._config.session_clock()):
            return 0
        with self._store.write():
            expired = self.checkout.expire_due()
        self._deliverer.wake("stripe")
        return expired

    def _wired(self) -> list[Call]:
        get, post, delete = "GET", "POST", "DELETE"
        customers, checkout, intents = self.customers, self.checkout, self.intents
        return [
            call(post, "customers", lambda _, q: customers.create(q)),
            call(get, "customers/search", lambda _, q: self._search("customer", q)),
            call(get, "customers", lambda _, q: self._list("customer", "customers", q, "email")),
            call(get, "customers/{}", lambda ids, _: self._customer(ids[0])),
            call(post, "customers/{}", lambda ids, q: customers.update(ids[0], q)),
            call(delete, "customers/{}", lambda ids, _: customers.delete(ids[0])),
            call(
                get, "customers/{}/payment_methods", lambda ids, q: self._cards(q, customer=ids[0])
            ),
            call(
                get,
                "customers/{}/payment_methods/{}",
                lambda ids, _: self._card_of(ids[0], ids[1]),
            ),
            call(post, "checkout/sessions", lambda _, q: checkout.create(q)),
            call(get, "checkout/sessions", lambda _, q: self._sessions(q)),
            call(get, "checkout/sessions/{}", lambda ids, _: self._get("checkout.session", ids)),
            call(post, "checkout/sessions/{}", lambda ids, q: checkout.update(ids[0], q)),
            call(post, "checkout/sessions/{}/expire", lambda ids, _: checkout.expire(ids[0])),
            call(
                get,
                "checkout/sessions/{}/line_items",
                lambda ids, _: dict(self._get("checkout.session", ids)["_line_items"]),
            ),
            call(post, "payment_intents", lambda _, q: intents.create(q)),
            call(get, "payment_intents/search", lambda _, q: self._search("payment_intent", q)),
            call(
                get,
                "payment_intents",
                lambda _, q: self._list("payment_intent", "payment_intents", q, "customer"),
            ),
            call(get, "payment_intents/{}", lambda ids, _: self._get("payment_intent", ids)),
            call(post, "payment_intents/{}", lambda ids, q: intents.update(ids[0], q)),
            call(post, "payment_intents/{}/confirm", lambda ids, q: intents.confirm(ids[0], q)),
            call(post, "payment_intents/{}/cancel", lambda ids, q: intents.cancel(ids[0], q)),
            call(get, "payment_methods", lambda _, q: self._cards(q, p.text(q, "customer"))),
            call(get, "payment_methods/{}", lambda ids, _: self._get("payment_method", ids)),
            call(post, "payment_methods/{}/attach", lambda ids, q: customers.attach(ids[0], q)),
            call(post, "payment_methods/{}/detach", lambda ids, _: customers.detach(ids[0])),
            call(
                get,
                "charges",
                lambda _, q: self._list("charge", "charges", q, "customer", "payment_intent"),
            ),
            call(get, "charges/{}", lambda ids, _: self._get("charge", ids)),
            call(post, "refunds", lambda _, q: self.refunds.create(q)),
            call(
                get,
                "refunds",
                lambda _, q: self._list("refund", "refunds", q, "charge", "payment_intent"),
            ),
            call(get, "refunds/{}", lambda ids, _: self._get("refund", ids)),
            call(post, "refunds/{}", lambda ids, q: self.refunds.update(ids[0], q)),
            call(
                get,
                "disputes",
                lambda _, q: self._list("dispute", "disputes", q, "charge", "payment_intent"),
            ),
            call(get, "disputes/{}", lambda ids, _: self._get("dispute", ids)),
            call(
                get,
                "balance_transactions",
                lambda _, q: self._list(
                    "balance_transaction", "balance_transactions", q, "currency", "source", "type"
                ),
            ),
            call(
                get,
                "balance_transactions/{}",
                lambda ids, _: self._get("balance_transaction", ids),
            ),
            call(get, "payouts", lambda _, q: self._list("payout", "payouts", q, "status")),
            call(get, "payouts/{}", lambda ids, _: self._get("payout", ids)),
            call(get, "events", lambda _, q: self._list("event", "events", q, "type")),
            call(get, "events/{}", lambda ids, _: self._get("event", ids)),
            call(get, "balance", lambda *_: self._balance()),
            call(get, "account", lambda *_: dict(ACCOUNT)),
        ]

    def _get(self, kind: str, ids: tuple[str, ...]) -> Json:
        return self.objects.get(kind, ids[0])

    def _list(self, kind: str, url: str, params: Json, *filters: str) -> Json:
        p.only(params, {*LISTING, *filters})
        wanted = {name: value for name in filters if (value := p.text(params, name)) is not None}
        return self.objects.page(kind, params, wanted, f"/v1/{url}")

    def _sessions(self, params: Json) -> Json:
        return self._list(
            "checkout.session", "checkout/sessions", params, "customer", "payment_intent", "status"
        )

    def _customer(self, id_: str) -> Json:
        customer = self.objects.get("customer", id_)
        if customer.get("deleted"):
            return {"id": id_, "object": "customer", "deleted": True}
        return customer

    def _cards(self, params: Json, customer: str | None) -> Json:
        p.only(params, {*LISTING, "customer", "type", "allow_redisplay"})
        if customer is None:
            raise StripeError(
                "Missing required param: customer.", code="parameter_missing", param="customer"
            )
        self._customer(customer)
        filters = {"customer": customer}
        if (shown := p.text(params, "allow_redisplay")) is not None:
            filters["allow_redisplay"] = shown
        return self.objects.page("payment_method", params, filters, "/v1/payment_methods")

    def _card_of(self, customer: str, id_: str) -> Json:
        method = self.objects.get("payment_method", id_)
        if method["customer"] != customer:
            raise missing("PaymentMethod", id_)
        return method

    def _search(self, kind: str, params: Json) -> Json:
        p.only(params, {"query", "limit", "page"})
        return self.customers.search(str(p.text(params, "query", required=True)), kind)

    def _balance(self) -> Json:
        available = [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in sorted(self.balance.sums().items())
        ]
        return {"object": "balance", "available": available, "livemode": False, "pending": []}


ACCOUNT: Json = {
    "id": "acct_1SandboxPartimer",
    "object": "account",
    "business_type": "company",
    "charges_enabled": True,
    "country": "IN",
    "default_currency": "inr",
    "details_submitted": True,
    "email": None,
    "payouts_enabled": True,
    "type": "standard",
}
