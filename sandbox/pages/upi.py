"""The page of a payment link: somebody enters a UPI id, and chooses what their bank says."""

from html import escape
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.pages.checkout import form_origins
from sandbox.pages.html import page, root_of
from sandbox.problem import Problem, body_of
from sandbox.razorpay.control import DEFAULT_VPA, RazorpayControl
from sandbox.razorpay.objects import LINK, Objects
from sandbox.store import Json, Store

WHOLE = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())
THOUSANDTHS = frozenset("BHD IQD JOD KWD OMR TND".split())


class LinkPage:
    """`/razorpay/pay/{link_id}`, where `short_url` leads."""

    def __init__(self, config: SandboxConfig, store: Store, deliverer: Deliverer) -> None:
        """A button does what the control endpoint does."""
        self._objects = Objects(store)
        self._control = RazorpayControl(config, store, deliverer)

    def routes(self) -> list[Route]:
        """A plain form: the page works without a script."""
        return [
            Route("/razorpay/pay/{id}", self._show, methods=["GET"]),
            Route("/razorpay/pay/{id}", self._act, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        return self._page(request, "")

    async def _act(self, request: Request) -> Response:
        id_ = request.path_params["id"]
        form = {}
        try:
            form = dict(parse_qsl((await body_of(request, 10_000)).decode("utf-8", "replace")))
            link = self._control.act(id_, form.get("outcome", ""), form.get("vpa", DEFAULT_VPA))
        except Problem as problem:
            return self._page(request, problem.detail)
        if link["status"] == "paid" and link["callback_url"]:
            return RedirectResponse(_back(link), 303)
        said = {
            "decline": "The bank declined. Nothing was charged.",
            "process": "The bank takes its time. This payment is under way.",
            "expire": "The link has expired.",
        }
        return self._page(request, said.get(form.get("outcome", ""), ""))

    def _page(self, request: Request, notice: str) -> HTMLResponse:
        root = root_of(request)
        link = self._objects.find(LINK, request.path_params["id"])
        if link is None:
            body = "<main class='card till'><h1>No such payment link</h1></main>"
            return page("No such payment link", body, root=root, status=404)
        waiting = self._objects.find("payment", link.get("_waiting") or "")
        body = f"""<main class="card till">
<p class="badge">Sandbox: no money moves here</p>
<h1 class="sum">{escape(_money(link["amount"], link["currency"]))}</h1>
<p>{escape(link["description"])}</p>
<p role="status" class="notice">{escape(notice)}</p>
{self._form(link, waiting)}
</main>"""
        targets = " ".join(["'self'", *form_origins([link["callback_url"]])])
        return page(f"{notice} Payment".strip(), body, root=root, form_targets=targets)

    def _form(self, link: Json, waiting: Json | None) -> str:
        if waiting is not None:
            return f"""<form method="post">
<input type="hidden" name="vpa" value="{escape(waiting["vpa"] or DEFAULT_VPA)}">
<p>{escape(waiting["vpa"] or "")}: the bank has not answered yet.</p>
<p class="buttons">
<button name="outcome" value="pay" class="main">It goes through</button>
<button name="outcome" value="decline">It fails</button>
</p></form>"""
        if link["status"] != "created":
            state = {"paid": "Paid", "expired": "Expired", "cancelled": "Cancelled"}
            back = f"<p><a href='{escape(_back(link))}'>Back to the shop</a></p>"
            return (
                f"<p class='state'>{state.get(link['status'], link['status'])}.</p>"
                f"{back if link['callback_url'] else ''}"
            )
        return f"""<form method="post">
<label class="field">UPI id <input name="vpa" value="{DEFAULT_VPA}" autocomplete="off"
 inputmode="email" required maxlength="100"></label>
<p><button name="outcome" value="pay" class="main whole">Pay</button></p>
<fieldset><legend>Or let something else happen</legend>
<p class="buttons">
<button name="outcome" value="decline">Failure</button>
<button name="outcome" value="process">Pending</button>
<button name="outcome" value="expire">Expire</button>
</p></fieldset>
</form>"""


def _back(link: Json) -> str:
    """Where the payer is led, with what Razorpay adds to the address; the signature is not modelled."""
    address = str(link["callback_url"])
    if link["status"] != "paid":
        return address
    added = {
        "razorpay_payment_id": link["payments"][0]["payment_id"],
        "razorpay_payment_link_id": link["id"],
        "razorpay_payment_link_reference_id": link["reference_id"],
        "razorpay_payment_link_status": link["status"],
    }
    return f"{address}{'&' if '?' in address else '?'}{urlencode(added)}"


def _money(amount: int, currency: str) -> str:
    digits = 0 if currency in WHOLE else 3 if currency in THOUSANDTHS else 2
    return f"{currency} {amount / 10**digits:,.{digits}f}"
