"""The application as a server starts it."""

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from app.api.connections import guard_server


class Application(FastAPI):
    """FastAPI that puts limits on the server which starts it.

    The framework hands its middleware a `receive` of its own, so only here the server can be seen.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or start and stop."""
        if scope["type"] == "lifespan":
            guard_server(receive)
        await super().__call__(scope, receive, send)
