"""Keep what serves development off the open internet."""

import ipaddress

from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.http.problems import problem


class LocalOnly:
    """Answers 404 to clients with a public address, unless SANDBOX=public.

    The sandbox shows every message and code, and a container started without ENVIRONMENT may be reachable from
    everywhere. Behind a proxy on this machine the server takes the client's address from X-Forwarded-For.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or hand it on."""
        client = scope.get("client")
        if scope["type"] == "http" and client and _is_public(client[0]):
            request_id = str(scope.get("state", {}).get("request_id", ""))
            detail = "The sandbox answers the local network only; SANDBOX=public opens it."
            await problem(request_id, 404, "not_found", detail)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_public(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False  # a name or a socket's path
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_global
