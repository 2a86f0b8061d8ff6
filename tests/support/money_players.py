"""Payers, banks and providers outside, in the same words at each payment provider."""

import copy
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from app.core.ids import new_id
from app.core.money import Money
from app.payments.provider import PaymentsUnavailable, ProviderRefused
from tests.support.app_harness import World
from tests.support.assertions import ok

PROVIDERS: Final = ("stripe", "razorpay")
_KINDS: Final = {
    "stripe": {"page": "checkout.session", "charge": "payment_intent"},
    "razorpay": {"page": "payment_link", "charge": "payment"},
}
_PAGES: Final = {"stripe": "checkout", "razorpay": "payment_links"}
_OPEN: Final = {"open", "created"}
"""Words of the providers for a page that can be paid."""
_DECIDED: Final = {"won", "lost", "closed", "prevented", "warning_closed"}


@dataclass(frozen=True)
class AtProvider:
    """What people and banks do at one provider's stand-in; what is not possible there just now is refused there."""

    world: World
    name: str
    currency: str = "INR"
    """Of the prices."""

    def _post(self, path: str, body: dict[str, Any]) -> None:
        answer = self.world.http.post(f"/sandbox/{self.name}/_control/{path}", json=body)
        assert answer.status_code < 500 or answer.json().get("code") == "webhook_not_acknowledged"

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """The newest pages, charges, refunds, disputes or events, newest first."""
        kind = _KINDS[self.name].get(kind, kind)
        name = "object" if self.name == "stripe" else "entity"
        path = f"/sandbox/{self.name}/_control/objects"
        found: list[dict[str, Any]] = ok(self.world.http.get(path, params={name: kind}))["items"]
        return found

    def pages(self, order_ids: set[str]) -> list[dict[str, Any]]:
        """The pages of these orders that can still be paid, newest first."""
        return [
            page
            for page in self.objects("page")
            if page["status"] in _OPEN and self._note(page, "payment_id") in order_ids
        ]

    def _note(self, thing: dict[str, Any], name: str) -> Any:
        notes = thing.get("metadata" if self.name == "stripe" else "notes")
        return notes.get(name) if isinstance(notes, dict) else None

    def act(self, page: dict[str, Any], outcome: str, *, keeps_card: bool = False) -> None:
        """Do something on a page: pay, decline, process or expire; and perhaps agree to have the card kept."""
        body = {"outcome": outcome} | ({"save_card": True} if keeps_card else {})
        self._post(f"{_PAGES[self.name]}/{page['id']}", body)

    def dispute(self, intent_id: str, status: str) -> None:
        """Let the payer's bank open or decide a dispute."""
        name = "payment_intent" if self.name == "stripe" else "payment_id"
        self._post("disputes", {name: intent_id, "status": status})

    def refund(self, intent_id: str, amount: int) -> None:
        """Let somebody give money back in the provider's dashboard, as far as it allows that."""
        chosen: Any = self.world.runtime.payments
        provider = chosen.configured[self.name]
        key = f"dashboard:{new_id()}"
        with suppress(PaymentsUnavailable, ProviderRefused):
            self.world.run(provider.refund(intent_id, Money(amount, self.currency), "", key))

    def refunds(self, intent_ids: Collection[str]) -> list[dict[str, Any]]:
        """The refunds of these charges, newest first."""
        name = "payment_intent" if self.name == "stripe" else "payment_id"
        return [one for one in self.objects("refund") if one[name] in intent_ids]

    def move_refund(self, refund: dict[str, Any], status: str) -> None:
        """Let a refund wait, succeed or fail; failed is its last word."""
        if refund["status"] != "failed":
            razorpay = self.name == "razorpay" and status == "succeeded"
            self._post(f"refunds/{refund['id']}", {"status": "processed" if razorpay else status})

    def fail(self, kind: str, times: int) -> None:
        """Let the provider misbehave at the next calls or webhooks; 0: no more."""
        self._post("faults", {"next": times, "kind": kind})

    def end_faults(self) -> None:
        """Let the provider work again."""
        path = f"/sandbox/{self.name}/_control/faults"
        for kind in {one["kind"] for one in ok(self.world.http.get(path))["waiting"]}:
            self.fail(kind, 0)

    def tell_again(self, which: int) -> None:
        """Post an old event again, as it was."""
        for event in self.objects("event")[which : which + 1]:
            self._post(f"events/{event['id']}/resend", {})

    def tell(self, which: int, change: str, signature: str, times: int) -> None:
        """Post an event that is like an old one, but altered, or signed by somebody else."""
        for kept in self.objects("event")[which : which + 1]:
            event = copy.deepcopy(kept if self.name == "stripe" else kept["event"])
            _alter(event, change, at_stripe=self.name == "stripe")
            body = {"payload": event, "signature": signature, "times": times}
            self._post("raw", body | {"event_id": f"evt_again_{kept['id']}"})

    def decide_everything(self) -> None:
        """Let banks decide for us, and money that is on its way arrive."""
        for dispute in self.objects("dispute"):
            if dispute["status"] not in _DECIDED:
                intent = dispute.get("payment_intent") or dispute.get("payment_id")
                self.dispute(str(intent), "won")
        for charge in self.objects("charge"):
            if charge["status"] == "processing":
                self._post(f"payment_intents/{charge['id']}", {"outcome": "pay"})
        for refund in self.objects("refund"):
            if refund["status"] == "pending":
                self.move_refund(refund, "succeeded")


def _alter(event: dict[str, Any], change: str, *, at_stripe: bool) -> None:
    """Change what an event says, in a way that makes it none of ours."""
    if at_stripe:
        event["id"] = f"{event['id']}_{change}"
        match change:
            case "livemode":
                event["livemode"] = True
            case "account":
                event["account"] = "acct_of_somebody_else"
            case "metadata":
                event["data"]["object"]["metadata"] = {}
            case "order":
                event["data"]["object"]["metadata"] = {"payment_id": "of somebody else"}
        return
    for thing in event["payload"].values():
        if change in {"metadata", "order"}:
            thing["entity"]["notes"] = [] if change == "metadata" else {"payment_id": "of nobody"}
    if change == "livemode" and "order" in event["payload"]:
        event["payload"]["order"]["entity"]["public_key"] = "rzp_live_of_somebody"
