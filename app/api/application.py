"""The application as a server starts it."""

from fastapi import FastAPI
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.http.connections import guard_server


class _KnownPaths:
    """Ends a request at once whose path is no route's, nor begins like one with parameters.

    The router would ask each route, twice: with the path, and with a slash more or less at its end.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        plain = [r.path for r in router.routes if isinstance(r, Route) and "{" not in r.path]
        others = [r for r in router.routes if not isinstance(r, Route) or "{" in r.path]
        self._paths = frozenset(path.rstrip("/") for path in plain)
        self._beginnings = tuple({getattr(r, "path", "").partition("{")[0] for r in others})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_known = (
            scope["type"] != "http"
            # What a proxy puts before our paths: the router takes it off.
            or scope.get("root_path")
            or scope["path"].rstrip("/") in self._paths
            or f"{scope['path']}/".startswith(self._beginnings)
        )
        answer = self._router.app if is_known else self._router.default
        await answer(scope, receive, send)


class Application(FastAPI):
    """FastAPI that puts limits on the server which starts it.

    The framework hands its middleware a `receive` of its own, so only here the server can be seen.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """Return what serves a request; every route is there by the first one."""
        self.router.middleware_stack = _KnownPaths(self.router)
        return super().build_middleware_stack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or start and stop."""
        if scope["type"] == "lifespan":
            guard_server(receive)
        await super().__call__(scope, receive, send)
