"""Customers and their saved cards."""

import re

from sandbox.store import Json
from sandbox.stripe import cards
from sandbox.stripe import params as p
from sandbox.stripe.errors import StripeError
from sandbox.stripe.events import Events
from sandbox.stripe.objects import Objects, new_id, now

FIELDS = frozenset(
    "address description email invoice_settings metadata name payment_method phone"
    " preferred_locales shipping tax_exempt".split()
)
_TEXTS = ("description", "email", "name", "phone")
_CLAUSE = re.compile(
    r"""\s{0,9}(email|name|phone|metadata\[["']([^"']{1,99})["']\])\s{0,9}:\s{0,9}["']([^"']{0,999})["']"""
)


class Customers:
    """Creating, changing, finding and deleting customers; attaching and detaching cards."""

    def __init__(self, objects: Objects, events: Events) -> None:
        """Shared with the rest of the account."""
        self._objects = objects
        self._events = events

    def create(self, params: Json) -> Json:
        """`POST /customers`."""
        p.only(params, FIELDS)
        customer = self._objects.insert(
            {
                "id": new_id("cus", 14),
                "object": "customer",
                "address": params.get("address") or None,
                "balance": 0,
                "created": now(),
                "currency": None,
                "default_source": None,
                "delinquent": False,
                "description": p.text(params, "description"),
                "email": p.text(params, "email"),
                "invoice_settings": {"default_payment_method": None},
                "livemode": False,
                "metadata": p.metadata(params),
                "name": p.text(params, "name"),
                "phone": p.text(params, "phone"),
                "preferred_locales": params.get("preferred_locales") or [],
                "shipping": None,
                "tax_exempt": "none",
            }
        )
        self._events.emit("customer.created", customer)
        if (method := p.text(params, "payment_method")) is not None:
            self.attach(method, {"customer": customer["id"]})
        return customer

    def update(self, id_: str, params: Json) -> Json:
        """`POST /customers/{id}`."""
        p.only(params, FIELDS - {"payment_method"})
        customer = self._living(id_)
        for name in _TEXTS:
            if name in params:
                customer[name] = p.text(params, name)
        if "address" in params:
            customer["address"] = params["address"] or None
        customer["metadata"] = p.metadata(params, customer["metadata"])
        settings = p.child(params, "invoice_settings")
        if (method := p.text(settings, "default_payment_method")) is not None:
            self._objects.get("payment_method", method, "default_payment_method")
            customer["invoice_settings"]["default_payment_method"] = method
        self._objects.save(customer)
        self._events.emit("customer.updated", customer)
        return customer

    def delete(self, id_: str) -> Json:
        """`DELETE /customers/{id}`: the cards go with it."""
        customer = self._living(id_)
        for method in list(self._objects.all("payment_method")):
            if method["customer"] == id_:
                method["customer"] = None
                self._objects.save(method)
        self._objects.save({"id": id_, "object": "customer", "deleted": True, "created": now()})
        self._events.emit("customer.deleted", customer)
        return {"id": id_, "object": "customer", "deleted": True}

    def search(self, query: str, kind: str) -> Json:
        """`GET /customers/search` and the like: clauses of equality joined by AND.

        Raises StripeError 400 for what the sandbox can't read.
        """
        wanted: list[tuple[str, str | None, str]] = []
        for part in re.split(r"\s+AND\s+", query.strip(), flags=re.IGNORECASE):
            match = _CLAUSE.fullmatch(part)
            if match is None:
                raise StripeError(
                    f"We were unable to parse your search query: {part}", param="query"
                )
            wanted.append((match[1], match[2], match[3]))
        data = [
            item
            for item in self._objects.all(kind)
            if not item.get("deleted")
            and all(
                (item["metadata"].get(key) if key else item.get(field)) == value
                for field, key, value in wanted
            )
        ]
        return {
            "object": "search_result",
            "data": data,
            "has_more": False,
            "next_page": None,
            "url": f"/v1/{kind}s/search",
        }

    def attach(self, id_: str, params: Json) -> Json:
        """`POST /payment_methods/{id}/attach`."""
        customer = p.text(params, "customer", required=True)
        self._living(str(customer), "customer")
        if id_ in cards.TEST_CARDS:
            method = self._objects.insert(cards.new_card(customer, id_))
        else:
            method = self._objects.get("payment_method", id_)
            if method["customer"] not in (None, customer):
                raise StripeError("This payment method is attached to another customer.")
            method["customer"] = customer
            self._objects.save(method)
        self._events.emit("payment_method.attached", method)
        return method

    def detach(self, id_: str) -> Json:
        """`POST /payment_methods/{id}/detach`: it can never be charged again."""
        method = self._objects.get("payment_method", id_)
        if method["customer"] is None:
            raise StripeError(
                "The payment method you provided is not attached to a customer so detachment is"
                " impossible."
            )
        method["customer"] = None
        self._objects.save(method)
        self._events.emit("payment_method.detached", method)
        return method

    def _living(self, id_: str, param: str = "id") -> Json:
        customer = self._objects.get("customer", id_, param)
        if customer.get("deleted"):
            raise StripeError(
                f"No such customer: '{id_}'", status=404, code="resource_missing", param=param
            )
        return customer
