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
    title: str, body: str, *, root: str, form_targets: str = "'self'", status: int = 200
) -> HTMLResponse:
    """A whole page; `body` is HTML with every text already escaped, `root` as by `root_of`."""
    html = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="stylesheet" href="{escape(root)}/static/sandbox.css">
<link rel="icon" href="data:,">
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
