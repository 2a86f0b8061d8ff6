"""The application as a server starts it."""

from fastapi import FastAPI
from starlette.datastructures import URL
from starlette.responses import RedirectResponse
from starlette.routing import Match, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.http.fast_path import KnownPaths
from app.server.connections import guard_server


class Application(FastAPI):
    """FastAPI that puts limits on the server which starts it.

    FastAPI hands its middleware a `receive` of its own, so only here the server can be seen.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """Return the stack that serves requests; FastAPI asks for it when every route is there."""
        self.router.redirect_slashes = False
        self.router.default = OtherSlash(self.router)
        self.router.middleware_stack = KnownPaths(self.router)
        return super().build_middleware_stack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or start and stop."""
        if scope["type"] == "lifespan":
            guard_server(receive)
        await super().__call__(scope, receive, send)


class OtherSlash:
    """Leads a path with one slash too many or too few to its route; every other one is not found.

    Starlette's own redirect repeats the host that the request named, and so leads to whatever host somebody else
    wrote there. This one names the path alone.
    """

    def __init__(self, router: Router) -> None:
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Redirect (307), or answer 404."""
        path = scope["path"]
        other = {**scope, "path": path.rstrip("/") if path.endswith("/") else f"{path}/"}
        if scope["type"] == "http" and any(
            route.matches(other)[0] is not Match.NONE for route in self._router.routes
        ):
            url = URL(scope=other)
            # Two slashes in front would name a host.
            there = "/" + url.path.lstrip("/") + (f"?{url.query}" if url.query else "")
            await RedirectResponse(there)(scope, receive, send)
        else:
            await self._router.not_found(scope, receive, send)
