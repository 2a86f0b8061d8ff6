"""Shortcuts around FastAPI's routing, which asks every route of the application in turn.

Both give the same answers as the framework does; `docs/performance.md` has the figures.
"""

from collections.abc import Callable
from typing import Any

from fastapi.routing import APIRoute
from starlette.routing import Match, Route, Router
from starlette.types import Receive, Scope, Send


class KnownPaths:
    """Answers 404 at once where no route can match.

    The router would ask every route twice: with the path, and with a slash more or less at its end.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        plain = [r.path for r in router.routes if isinstance(r, Route) and "{" not in r.path]
        others = [r for r in router.routes if not isinstance(r, Route) or "{" in r.path]
        self._paths = frozenset(path.rstrip("/") for path in plain)
        self._prefixes = tuple({getattr(r, "path", "").partition("{")[0] for r in others})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route the request, or answer 404."""
        is_known = (
            scope["type"] != "http"
            # A proxy puts it before our paths; the router removes it.
            or scope.get("root_path")
            or scope["path"].rstrip("/") in self._paths
            or f"{scope['path']}/".startswith(self._prefixes)
        )
        answer = self._router.app if is_known else self._router.default
        await answer(scope, receive, send)


class PrefixRoute(APIRoute):
    """A route that compares the constant part of its path before FastAPI's regular expression."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._prefix = path.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether this is the request's route."""
        if scope["path"].startswith(self._prefix) or scope.get("root_path"):
            return super().matches(scope)
        return Match.NONE, {}
