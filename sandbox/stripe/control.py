"""Playing the payer and the bank: the control endpoints under `/stripe/_control`.

| call | does |
|---|---|
| `POST checkout/{session_id}` | `{outcome, save_card?, card?}`: pay, decline, require_action, … |
| `POST payment_intents/{id}` | `{outcome}`: the owner of a saved card answers their bank |
| `POST events/{event_id}/resend` | the event is posted again, now |
| `POST disputes` | `{payment_intent, status}`: a dispute is opened or moves on |
| `POST refunds/{id}` | `{status}`: a refund waits, goes through, or fails |
| `POST payouts` | `{currency?}`: what is there goes to our bank |
| `POST faults`, `GET faults` | what goes wrong next |
| `POST raw` | `{payload, signature, times}`: any payload to the webhook |
| `GET objects?object=` | what there is, newest first, e.g. `checkout.session` |
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.answers import CALL_FAULTS, READ_FAULTS
from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.problem import (
    Problem,
    answering_problems,
    nothing_here,
    object_of,
    text_in,
)
from sandbox.store import Json, Store
from sandbox.stripe import cards
from sandbox.stripe.account import Account
from sandbox.stripe.api import CARD_FAULTS, REFUND_FAULTS
from sandbox.stripe.checkout import OUTCOMES, SessionClosed
from sandbox.stripe.errors import StripeError
from sandbox.stripe.refunds import DISPUTE_ALIASES, DISPUTE_STATUSES
from sandbox.webhook_control import WebhookControl

OBJECTS_SHOWN = 50


class StripeControl:
    """The payer's and the bank's side of the sandbox."""

    def __init__(self, config: SandboxConfig, store: Store, deliverer: Deliverer) -> None:
        """The account is shared with the API through the store."""
        self._store = store
        self._deliverer = deliverer
        self._account = Account(config, store, deliverer)
        kinds = {
            "call": CALL_FAULTS,
            "read": READ_FAULTS,
            "card": CARD_FAULTS,
            "refund": REFUND_FAULTS,
        }
        self._webhooks = WebhookControl("stripe", store, deliverer, kinds, self._event)

    def routes(self) -> list[Route]:
        """Routes below `/stripe/_control`."""
        post = ["POST"]
        return [
            Route("/checkout/{id}", answering_problems(self._checkout), methods=post),
            Route("/payment_intents/{id}", answering_problems(self._intent), methods=post),
            Route("/disputes", answering_problems(self._dispute), methods=post),
            Route("/refunds/{id}", answering_problems(self._refund), methods=post),
            Route("/payouts", answering_problems(self._payout), methods=post),
            *self._webhooks.routes(),
            Route("/objects", answering_problems(self._objects), methods=["GET"]),
            Route("/{path:path}", answering_problems(nothing_here), methods=["GET", "POST"]),
        ]

    async def _checkout(self, request: Request) -> Response:
        body = await object_of(request)
        session = self.act(
            request.path_params["id"],
            text_in(body, "outcome"),
            save_card=body.get("save_card") is True,
            card=text_in(body, "card", "pm_card_visa"),
        )
        return JSONResponse(session)

    def act(self, session_id: str, outcome: str, *, save_card: bool, card: str) -> Json:
        """What a person does on the checkout page; returns the session.

        Raises Problem 400 for a session that is over, 404 for none, 422 for an unknown outcome.
        """
        if outcome not in OUTCOMES:
            raise Problem(422, "unknown_outcome", f"`outcome` is one of {', '.join(OUTCOMES)}.")
        if card not in cards.TEST_CARDS:
            raise Problem(422, "unknown_card", f"`card` is one of {', '.join(cards.TEST_CARDS)}.")
        self._account.expire_due()
        try:
            with self._store.write():
                session = self._account.checkout.act(
                    session_id, outcome, save_card=save_card, card=card
                )
        except StripeError as error:
            raise Problem(404, "unknown_session", error.message) from None
        except SessionClosed as error:
            raise Problem(400, "session_closed", error.detail) from None
        finally:
            self._deliverer.wake("stripe")
        return self._account.objects.shown(session, [])

    async def _intent(self, request: Request) -> Response:
        body = await object_of(request)
        outcome = text_in(body, "outcome")
        if outcome not in ("pay", "decline", "cancel"):
            raise Problem(422, "unknown_outcome", "`outcome` is one of pay, decline, cancel.")
        return JSONResponse(self.settle(request.path_params["id"], outcome))

    def settle(self, intent_id: str, outcome: str) -> Json:
        """The owner of the card answers their bank; returns the intent.

        Raises Problem 404 or 409.
        """
        with self._store.write():
            intent = self._known("payment_intent", intent_id)
            method = self._account.objects.find(str(intent["payment_method"] or ""))
            if intent["status"] not in ("requires_action", "processing") or method is None:
                raise Problem(409, "intent_settled", f"The intent is {intent['status']}.")
            if outcome == "pay":
                self._account.intents.succeed(intent, method)
            elif outcome == "cancel":
                self._account.intents.cancelled(intent, "requested_by_customer")
            else:
                self._account.intents.decline(
                    intent,
                    method,
                    "payment_intent_authentication_failure",
                    "authentication_required",
                    "The card's owner could not be authenticated.",
                )
        self._deliverer.wake("stripe")
        return self._account.objects.shown(intent, [])

    async def _dispute(self, request: Request) -> Response:
        body = await object_of(request)
        intent_id = text_in(body, "payment_intent")
        status = text_in(body, "status", "needs_response")
        status = DISPUTE_ALIASES.get(status, status)
        if status not in DISPUTE_STATUSES:
            words = ", ".join(DISPUTE_STATUSES)
            raise Problem(422, "unknown_status", f"`status` is one of {words}.")
        with self._store.write():
            try:
                dispute = self._account.refunds.dispute(intent_id, status)
            except StripeError as error:
                raise Problem(404, "unknown_payment", error.message) from None
        self._deliverer.wake("stripe")
        return JSONResponse(dispute)

    async def _refund(self, request: Request) -> Response:
        body = await object_of(request)
        status = text_in(body, "status")
        if status not in ("pending", "succeeded", "failed", "canceled"):
            raise Problem(
                422, "unknown_status", "`status` is pending, succeeded, failed or canceled."
            )
        with self._store.write():
            self._known("refund", request.path_params["id"])
            refund = self._account.refunds.set_status(request.path_params["id"], status)
        self._deliverer.wake("stripe")
        return JSONResponse(refund)

    async def _payout(self, request: Request) -> Response:
        body = await object_of(request)
        currency = text_in(body, "currency", "inr").lower()
        left = self._account.balance.sums().get(currency, 0)
        if left <= 0:
            raise Problem(409, "nothing_to_pay_out", f"The balance in {currency} is {left}.")
        with self._store.write():
            payout = self._account.balance.pay_out(left, currency)
            self._account.events.emit("payout.paid", payout)
        self._deliverer.wake("stripe")
        return JSONResponse(payout)

    async def _objects(self, request: Request) -> Response:
        kind = request.query_params.get("object", "checkout.session")
        found = [self._account.objects.shown(item, []) for item in self._account.objects.all(kind)]
        return JSONResponse({"items": found[:OBJECTS_SHOWN]})

    def _event(self, id_: str) -> tuple[str, Json]:
        event = self._known("event", id_)
        return event["type"], event

    def _known(self, kind: str, id_: str) -> Json:
        try:
            return self._account.objects.get(kind, id_)
        except StripeError as error:
            raise Problem(404, "unknown_object", error.message) from None
