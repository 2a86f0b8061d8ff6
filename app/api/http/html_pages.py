"""The HTML pages that messages link to: small, without script, accessible by phone and keyboard."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from starlette.responses import HTMLResponse, Response

from app.texts import catalogue

_STYLE = """
:root { color-scheme: light dark; --accent: #0a6b50; --on-accent: #fff; }
@media (prefers-color-scheme: dark) { :root { --accent: #7fe0bf; --on-accent: #04251b; } }
body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 32rem; margin: 0 auto; padding: 2rem 1rem; }
p { white-space: pre-line; }
label { display: block; margin-bottom: 1rem; }
input, button { font: inherit; box-sizing: border-box; width: 100%; padding: .8rem; min-height: 3rem;
  border-radius: .6rem; border: 1px solid; }
button { font-weight: 600; border: 0; background: var(--accent); color: var(--on-accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
.refused { border-left: .3rem solid #c0392b; padding-left: .8rem; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

ASKS_AGAIN = "/pay/again.js"
"""Where the script of a page that waits for something comes from."""
SCRIPT = """\
// Asks for this page until it says something else, and shows that in its place: nothing that somebody reads is loaded anew.
const main = document.querySelector("main");
const asking = setInterval(async () => {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const found = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = found.querySelector("main");
  if (!fresh || "again" in fresh.dataset) return;
  clearInterval(asking);
  document.title = found.title;
  main.replaceChildren(...fresh.childNodes);
}, main.dataset.again * 1000);
"""

# A form may redirect to the payment provider's page, whose host differs by country.
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self' https:; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_ASKING = "; script-src 'self'; connect-src 'self'"


@dataclass(frozen=True)
class Field:
    """One input of a form; `label` names a text of the catalogue."""

    name: str
    label: str
    kind: str
    autocomplete: str
    minimum: int = 0


def page(
    language: str,
    kind: str,
    words: Mapping[str, Any],
    *,
    status: int = 200,
    form: Sequence[Field] | None = None,
    button: str = "",
    refusal: str = "",
    again_seconds: int = 0,
    back: str = "",
) -> Response:
    """Return the page of a catalogue text, with a form that posts to the page's own address.

    `refusal` stands above the form as an alert. With `again_seconds` it asks for itself
    until it says something else; without scripts a link does.
    `back` is the address of the portal's page that it is about.
    """
    heading, _, rest = escape(catalogue.render_page(language, kind, words)).partition("\n")
    told = f'<p class="refused" role="alert">{escape(refusal)}</p>' if refusal else ""
    script = f'<script src="{ASKS_AGAIN}" defer></script>' if again_seconds else ""
    waits = f' data-again="{again_seconds}" aria-live="polite"' if again_seconds else ""
    look = f'<p><a href="">{escape(catalogue.word(language, "page_again"))}</a></p>'
    way_back = (
        f'<p><a href="{escape(back)}">{escape(catalogue.word(language, "page_back"))}</a></p>'
    )
    html = (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{heading}</title><style>{_STYLE}</style>{script}</head><body><main{waits}>"
        f"<h1>{heading}</h1><p>{rest.strip()}</p>{told}{_form(language, words, form, button)}"
        f"{look if again_seconds else ''}{way_back if back else ''}"
        "</main></body></html>"
    )
    policy = _POLICY + (_ASKING if again_seconds else "")
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return HTMLResponse(html, status, headers)


def _form(
    language: str, words: Mapping[str, Any], fields: Sequence[Field] | None, button: str
) -> str:
    if fields is None:
        return ""
    inputs = "".join(
        f"<label>{escape(catalogue.render_page(language, field.label, words))}"
        f'<input name="{field.name}" type="{field.kind}" autocomplete="{field.autocomplete}" '
        f'minlength="{field.minimum}" required></label>'
        for field in fields
    )
    label = escape(catalogue.render_page(language, button, words))
    return f'<form method="post">{inputs}<button type="submit">{label}</button></form>'
