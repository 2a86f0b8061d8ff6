"""The hosted payment page: what a payer sees, with a button for everything that can happen."""

from html import escape
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.pages.html import page, root_of
from sandbox.problem import Problem, body_of
from sandbox.store import Json, Store
from sandbox.stripe.control import StripeControl
from sandbox.stripe.errors import StripeError
from sandbox.stripe.objects import Objects

#: Currencies that Stripe counts without minor units, and with three digits of them.
WHOLE = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THOUSANDTHS = frozenset("bhd jod kwd omr tnd".split())


class CheckoutPage:
    """`/stripe/checkout/{session_id}` and the bank's page for saved cards."""

    def __init__(self, config: SandboxConfig, store: Store, deliverer: Deliverer) -> None:
        """A button does what the control endpoint does."""
        self._objects = Objects(store)
        self._control = StripeControl(config, store, deliverer)

    def routes(self) -> list[Route]:
        """Plain forms: the pages work without a script."""
        return [
            Route("/stripe/checkout/{id}", self._show, methods=["GET"]),
            Route("/stripe/checkout/{id}", self._act, methods=["POST"]),
            Route("/stripe/authenticate/{id}", self._ask, methods=["GET"]),
            Route("/stripe/authenticate/{id}", self._settle, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        return self._page(request, "")

    async def _act(self, request: Request) -> Response:
        id_ = request.path_params["id"]
        try:
            form = dict(parse_qsl((await body_of(request, 10_000)).decode("utf-8", "replace")))
            outcome = form.get("outcome", "")
            session = self._control.act(
                id_, outcome, save_card="save_card" in form, card=form.get("card", "pm_card_visa")
            )
        except Problem as problem:
            return self._page(request, problem.detail)
        if session["status"] == "complete":
            return RedirectResponse(_back(session, "success_url"), 303)
        said = {
            "decline": "The card was declined. Nothing was charged.",
            "require_action": "The bank asks whether it is really you: Pay confirms, Decline not.",
            "expire": "The session has expired.",
        }
        return self._page(request, said.get(outcome, ""))

    def _page(self, request: Request, notice: str) -> HTMLResponse:
        root = root_of(request)
        session = self._objects.find(request.path_params["id"])
        if session is None or session["object"] != "checkout.session":
            body = "<main class='card till'><h1>No such payment page</h1></main>"
            return page("No such payment page", body, root=root, status=404)
        currency = session["currency"]
        items = "".join(
            f"<li><span>{escape(item['description'])} × {item['quantity']}</span>"
            f"<span>{escape(_money(item['amount_total'], currency))}</span></li>"
            for item in session["_line_items"]["data"]
        )
        body = f"""<main class="card till">
<p class="badge">Sandbox: no money moves here</p>
<h1 class="sum">{escape(_money(session["amount_total"], currency))}</h1>
<ul class="plain items">{items}</ul>
<p role="status" class="notice">{escape(notice)}</p>
{self._form(session) if session["status"] == "open" else self._over(session)}
</main>"""
        targets = " ".join(
            ["'self'", *form_origins([session["success_url"], session["cancel_url"]])]
        )
        # Said in the title too: a page that was loaded anew is announced by it.
        return page(f"{notice} Payment".strip(), body, root=root, form_targets=targets)

    def _form(self, session: Json) -> str:
        offers = (session["saved_payment_method_options"] or {}).get("payment_method_save")
        saving = (
            "<label class='option'><input type='checkbox' name='save_card' value='yes'>"
            " Save this card for next time</label>"
            if offers == "enabled"
            else "<p>This card will be kept for the next payment.</p>"
            if session["_intent"]["setup_future_usage"]
            else ""
        )
        cancel = session["cancel_url"]
        back = f"<p><a href='{escape(cancel)}'>Back without paying</a></p>" if cancel else ""
        return f"""<form method="post">
<label class="field">Card <select name="card">
<option value="pm_card_visa">Visa 4242, works</option>
<option value="pm_card_mastercard">Mastercard 4444, works</option>
<option value="pm_card_authenticationRequired">Visa 3184, asks its owner each time</option>
<option value="pm_card_chargeCustomerFail">Visa 0341, works now, declines later</option>
</select></label>
{saving}
<p><button name="outcome" value="pay" class="main whole">Pay</button></p>
<fieldset><legend>Or let something else happen</legend>
<p class="buttons">
<button name="outcome" value="decline">Decline</button>
<button name="outcome" value="require_action">3-D Secure</button>
<button name="outcome" value="process">Slow payment</button>
<button name="outcome" value="expire">Expire</button>
</p></fieldset>
</form>
{back}"""

    def _over(self, session: Json) -> str:
        complete = session["status"] == "complete"
        intent = self._objects.find(session["payment_intent"] or "")
        state = "Paid" if session["payment_status"] == "paid" else "Failed"
        settling = ""
        if complete and intent is not None and intent["status"] == "processing":
            state = "Under way"
            settling = """<form method="post"><p class="buttons">
<button name="outcome" value="pay" class="main">It goes through</button>
<button name="outcome" value="decline">It fails</button>
</p></form>"""
        target = _back(session, "success_url" if complete else "cancel_url")
        return f"""<p class="state">{state if complete else "Expired"}.</p>
{settling}
<p><a href="{escape(target)}">Back to the shop</a></p>"""

    async def _ask(self, request: Request) -> Response:
        root = root_of(request)
        intent = self._objects.find(request.path_params["id"])
        if intent is None or intent["object"] != "payment_intent":
            body = "<main class='card till'><h1>No such payment</h1></main>"
            return page("No such payment", body, root=root, status=404)
        body = f"""<main class="card till">
<p class="badge">Sandbox: your bank, played</p>
<h1 class="sum">{escape(_money(intent["amount"], intent["currency"]))}</h1>
<p>Is it really you? The payment is {escape(intent["status"])}.</p>
<form method="post"><p class="buttons">
<button name="outcome" value="pay" class="main">Yes, pay</button>
<button name="outcome" value="decline">No</button>
</p></form>
</main>"""
        targets = " ".join(["'self'", *form_origins([_return_url(intent)])])
        return page("Your bank", body, root=root, form_targets=targets)

    async def _settle(self, request: Request) -> Response:
        id_ = request.path_params["id"]
        try:
            intent = self._objects.get("payment_intent", id_)
            target = _return_url(intent)
            form = dict(parse_qsl((await body_of(request, 10_000)).decode("utf-8", "replace")))
            outcome = "pay" if form.get("outcome") == "pay" else "decline"
            self._control.settle(id_, outcome)
        except (Problem, StripeError):
            target = None
        return RedirectResponse(target or f"{root_of(request)}/stripe/authenticate/{id_}", 303)


def _back(session: Json, name: str) -> str:
    address = session[name] or session["success_url"]
    return str(address).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _return_url(intent: Json) -> str | None:
    action = intent["next_action"] or {}
    url = (action.get("redirect_to_url") or {}).get("return_url")
    return str(url) if url else None


def form_origins(addresses: list[str | None]) -> list[str]:
    """Where the forms may lead: a policy of 'self' alone would stop the redirect to the shop."""
    found = []
    for address in addresses:
        parts = urlsplit(address or "")
        if parts.scheme in ("http", "https") and parts.netloc and ";" not in parts.netloc:
            found.append(f"{parts.scheme}://{parts.netloc}")
    return sorted(set(found))


def _money(amount: int, currency: str) -> str:
    digits = 0 if currency in WHOLE else 3 if currency in THOUSANDTHS else 2
    return f"{currency.upper()} {amount / 10**digits:,.{digits}f}"
