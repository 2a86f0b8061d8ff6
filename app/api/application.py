"""The application as a server starts it."""

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.http.fast_path import KnownPaths
from app.server.connections import guard_server


class Application(FastAPI):
    """FastAPI that puts limits on the server which starts it.

    FastAPI hands its middleware a `receive` of its own, so only here the server can be seen.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """Return the stack that serves requests; FastAPI asks for it when every route is there."""
        self.router.middleware_stack = KnownPaths(self.router)
        return super().build_middleware_stack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or start and stop."""
        if scope["type"] == "lifespan":
            guard_server(receive)
        await super().__call__(scope, receive, send)
