"""HTML made here: text from people goes in escaped, and nothing inline may run."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def root_of(request: Request) -> str:
    """Where the sandbox really is, as the browser sees it."""
    return str(request.scope.get("root_path", ""))


def page(
    title: str,
    body: str,
    *,
    root: str,
    form_targets: str = "'self'",
    status: int = 200,
    style: str | None = None,
    script: str | None = None,
) -> HTMLResponse:
    """A whole page; `body` is HTML with every text already escaped, `root` as by `root_of`.

    `style` and `script` (a module) are files among `static` that only this page needs.
    """
    static = f"{escape(root)}/static"
    more = f'<link rel="stylesheet" href="{static}/{style}">\n' if style else ""
    more += f'<script type="module" src="{static}/{script}"></script>\n' if script else ""
    html = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="{static}/sandbox.css">
{more}<link rel="icon" href="data:,">
</head>
<body>
{body}
</body>
</html>
"""
    headers = {
        "Content-Security-Policy": f"{CONTENT_SECURITY_POLICY}; form-action {form_targets}",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(html, status_code=status, headers=headers)
