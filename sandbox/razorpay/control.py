"""Playing the payer and the bank: the control endpoints under `/razorpay/_control`.

| call | does |
|---|---|
| `POST payment_links/{id}` | `{outcome, vpa?}`: pay, decline, process (pending), expire |
| `POST events/{event_id}/resend` | the event is posted again, now |
| `POST disputes` | `{payment_id, status, phase?}`: a dispute is opened or moves on |
| `POST refunds/{id}` | `{status}`: a refund waits, goes through, or fails |
| `POST faults`, `GET faults` | what goes wrong next |
| `POST raw` | `{payload, signature, times, event_id?}`: any payload to the webhook |
| `GET objects?entity=` | what there is, newest first, e.g. `payment_link` |
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.answers import CALL_FAULTS, READ_FAULTS
from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.problem import Problem, answering_problems, nothing_here, object_of, text_in
from sandbox.razorpay.account import Account
from sandbox.razorpay.errors import RazorpayError
from sandbox.razorpay.links import ALIASES, OUTCOMES, LinkClosed
from sandbox.razorpay.objects import LINK, shown
from sandbox.razorpay.payments import DISPUTE_ALIASES, DISPUTE_PHASES, DISPUTE_STATUSES
from sandbox.store import Json, Store
from sandbox.webhook_control import WebhookControl

DEFAULT_VPA = "payer@sandbox"


class RazorpayControl:
    """The payer's and the bank's side of the sandbox."""

    def __init__(self, config: SandboxConfig, store: Store, deliverer: Deliverer) -> None:
        """The account is shared with the API through the store."""
        self._store = store
        self._deliverer = deliverer
        self._account = Account(config, store, deliverer)
        kinds = {"call": CALL_FAULTS, "read": READ_FAULTS}
        self._webhooks = WebhookControl("razorpay", store, deliverer, kinds, self._event)

    def routes(self) -> list[Route]:
        """Routes below `/razorpay/_control`."""
        post = ["POST"]
        return [
            Route("/payment_links/{id}", answering_problems(self._link), methods=post),
            Route("/disputes", answering_problems(self._dispute), methods=post),
            Route("/refunds/{id}", answering_problems(self._refund), methods=post),
            *self._webhooks.routes(),
            Route("/objects", answering_problems(self._objects), methods=["GET"]),
            Route("/{path:path}", answering_problems(nothing_here), methods=["GET", "POST"]),
        ]

    async def _link(self, request: Request) -> Response:
        body = await object_of(request)
        vpa = text_in(body, "vpa", DEFAULT_VPA)
        return JSONResponse(self.act(request.path_params["id"], text_in(body, "outcome"), vpa))

    def act(self, link_id: str, outcome: str, vpa: str) -> Json:
        """What a person does on a link's page; returns the link.

        Raises Problem 400 for a link that is over, 404 for none, 422 for an unknown outcome or UPI id.
        """
        outcome = ALIASES.get(outcome, outcome)
        if outcome not in OUTCOMES:
            raise Problem(422, "unknown_outcome", f"`outcome` is one of {', '.join(OUTCOMES)}.")
        if not 3 <= len(vpa) <= 100 or vpa.count("@") != 1 or " " in vpa:
            raise Problem(422, "unknown_vpa", "A UPI id looks like name@bank.")
        self._account.expire_due()
        try:
            with self._store.write():
                link = self._account.links.act(link_id, outcome, vpa)
        except RazorpayError as error:
            raise Problem(404, "unknown_link", error.description) from None
        except LinkClosed as error:
            raise Problem(400, "link_closed", error.detail) from None
        finally:
            self._deliverer.wake("razorpay")
        return shown(link)

    async def _dispute(self, request: Request) -> Response:
        body = await object_of(request)
        payment_id = text_in(body, "payment_id")
        status = text_in(body, "status", "open")
        status = DISPUTE_ALIASES.get(status, status)
        phase = text_in(body, "phase", "chargeback")
        if status not in DISPUTE_STATUSES:
            words = ", ".join(DISPUTE_STATUSES)
            raise Problem(422, "unknown_status", f"`status` is one of {words}.")
        if phase not in DISPUTE_PHASES:
            words = ", ".join(DISPUTE_PHASES)
            raise Problem(422, "unknown_phase", f"`phase` is one of {words}.")
        with self._store.write():
            try:
                dispute = self._account.payments.dispute(payment_id, status, phase)
            except RazorpayError as error:
                raise Problem(404, "unknown_payment", error.description) from None
        self._deliverer.wake("razorpay")
        return JSONResponse(shown(dispute))

    async def _refund(self, request: Request) -> Response:
        body = await object_of(request)
        status = text_in(body, "status")
        if status not in ("pending", "processed", "failed"):
            raise Problem(422, "unknown_status", "`status` is pending, processed or failed.")
        with self._store.write():
            try:
                refund = self._account.payments.set_refund(request.path_params["id"], status)
            except RazorpayError as error:
                raise Problem(404, "unknown_refund", error.description) from None
        self._deliverer.wake("razorpay")
        return JSONResponse(shown(refund))

    async def _objects(self, request: Request) -> Response:
        entity = request.query_params.get("entity", LINK)
        found = self._account.objects.page(entity, {"count": 50})
        return JSONResponse({"items": [shown(item) for item in found]})

    def _event(self, id_: str) -> tuple[str, Json]:
        kept = self._account.objects.find("event", id_)
        if kept is None:
            raise Problem(404, "unknown_object", f"There is no event {id_}.")
        return kept["event"]["event"], {"event_id": id_, "event": kept["event"]}
