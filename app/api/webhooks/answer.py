"""What the webhooks of all providers have in common: how they are routed, and what they are answered."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.types import Receive, Scope, Send

from app.core.schema import ResponseModel


class Received(ResponseModel):
    """The event is stored, and will be handled."""

    received: bool = Field(default=True, description="Whether the event is stored.")


RECEIVED: Final = Response(Received().model_dump_json(), media_type="application/json")


class Direct(APIRoute):
    """Hands its endpoint the request and sends what it returns, with nothing of FastAPI in between.

    Of all routes these are asked most. In the OpenAPI document they are like the others.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.app = self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response = await self.endpoint(Request(scope, receive))
        await response(scope, receive, send)
