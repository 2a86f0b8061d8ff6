"""The address under which a visitor has opened us, for links that lead them back here."""

from urllib.parse import urlsplit

from starlette.requests import Request

from app.core.settings import Settings


def own_address(request: Request, settings: Settings) -> str:
    """Return `settings.base_url`, or that of the other name by which a developer's machine was opened.

    A session's cookie counts under one name. Who works at 127.0.0.1 would be led to `localhost` after a payment,
    where nobody is signed in. Only without PUBLIC_URL, beside a sandbox, and only for that one name.
    """
    there = urlsplit(settings.base_url)
    other = f"127.0.0.1:{there.port}"
    is_local = settings.serves_sandbox and not settings.public_url
    if is_local and request.headers.get("host") == other:
        return f"{there.scheme}://{other}"
    return settings.base_url
