"""The Graph API's endpoints under `/v{NN}.0`, as the product's real client calls them."""

import hmac
import logging
import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.config import STANDARD_THROUGHPUT, SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.graph import errors, flows, media, send, templates
from sandbox.graph.errors import GraphError
from sandbox.problem import Problem, body_of
from sandbox.silence import BrokenAnswer, NoAnswer
from sandbox.store import Json, Store, read_json

VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]")
OBJECT_GONE = 33
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
PAGE_OF_TEMPLATES = 25
MAX_PAGE_OF_TEMPLATES = 250

log = logging.getLogger("sandbox.graph")


class GraphApi:
    """Endpoints of one business: its number, its templates, its Flows, its media."""

    def __init__(self, config: SandboxConfig, store: Store, deliverer: Deliverer) -> None:
        """The three are shared with the controls."""
        self._config = config
        self._store = store
        self._deliverer = deliverer

    def routes(self) -> list[Route]:
        """Routes below `/whatsapp`; the hot one first."""
        return [
            Route("/{version}/{id}/messages", self._answer(self._messages), methods=["POST"]),
            Route(
                "/{version}/{id}/marketing_messages",
                self._answer(self._marketing_messages),
                methods=["POST"],
            ),
            Route("/_media/{id}", self._answer(self._download), methods=["GET"]),
            Route("/{version}/{id}/media", self._answer(self._upload), methods=["POST"]),
            Route(
                "/{version}/{id}/message_templates",
                self._answer(self._templates),
                methods=["GET", "POST", "DELETE"],
            ),
            Route(
                "/{version}/{id}/subscribed_apps",
                self._answer(self._subscribed_apps),
                methods=["GET", "POST", "DELETE"],
            ),
            Route("/{version}/{id}/flows", self._answer(self._flows), methods=["GET", "POST"]),
            Route("/{version}/{id}/phone_numbers", self._answer(self._numbers), methods=["GET"]),
            Route(
                "/{version}/{id}",
                self._answer(self._node),
                methods=["GET", "POST", "DELETE"],
            ),
            Route("/{path:path}", self._answer(self._unknown), methods=METHODS),
        ]

    def _answer(
        self, endpoint: Callable[[Request], Awaitable[ASGIApp]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> ASGIApp:
            try:
                self._check_call(request)
                return await endpoint(request)
            except GraphError as error:
                return error.response()
            except Problem as problem:
                return GraphError(100, problem.detail).response()
            except send.RefusedByFault as refusal:
                if refusal.kind == "html_502":
                    return errors.html_502()
                return NoAnswer(self._config.hang_seconds)
            except Exception:
                # The platform's clients understand the platform's shape only, for our bugs too.
                log.exception("%s %s failed", request.method, request.url.path)
                return GraphError(1, "The sandbox itself failed; its log says why.").response()

        # Starlette calls whatever an endpoint returns as an ASGI application.
        return answer  # type: ignore[return-value]

    def _check_call(self, request: Request) -> None:
        version = request.path_params.get("version")
        if version is not None and not VERSION.fullmatch(version):
            raise GraphError(2500, f"Unknown path components: /{version}")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else ""
        token = token or request.query_params.get("access_token", "")
        if not hmac.compare_digest(token.encode(), self._config.whatsapp_token.encode()):
            raise GraphError(190, "Invalid OAuth access token - Cannot parse access token.")

    def _check_number(self, request: Request) -> None:
        id_ = request.path_params["id"]
        if id_ != self._config.phone_number_id:
            raise GraphError(
                100,
                f"Unsupported request. Object with ID '{id_}' does not exist, cannot be loaded due"
                " to missing permissions, or does not support this operation.",
                subcode=OBJECT_GONE,
            )

    def _check_account(self, request: Request) -> None:
        if request.path_params["id"] == self._config.phone_number_id:
            raise GraphError(100, "That belongs to the business account, not to its number.")

    async def _messages(self, request: Request) -> ASGIApp:
        self._check_number(request)
        body = await _object(request)
        if body.get("status") == "read":
            return JSONResponse(send.mark_read(self._store, body))
        return self._send(body, marketing=False)

    async def _marketing_messages(self, request: Request) -> ASGIApp:
        """Where marketing templates are sent, and nothing else is."""
        self._check_number(request)
        return self._send(await _object(request), marketing=True)

    def _send(self, body: Json, *, marketing: bool) -> ASGIApp:
        accepted = send.send(self._config, self._store, self._deliverer, body, marketing=marketing)
        self._deliverer.wake("whatsapp")
        send.refused_all_the_same(accepted.fault)
        kind = accepted.fault.kind if accepted.fault else None
        if kind == "timeout_after_accept":
            return NoAnswer(self._config.hang_seconds)
        if kind == "drop_after_accept":
            return BrokenAnswer()
        return JSONResponse(accepted.answer)

    async def _upload(self, request: Request) -> ASGIApp:
        self._check_number(request)
        return JSONResponse(await media.upload(self._store, request))

    async def _download(self, request: Request) -> ASGIApp:
        return media.download(self._store, request.path_params["id"])

    async def _templates(self, request: Request) -> ASGIApp:
        self._check_account(request)
        if request.method == "POST":
            return JSONResponse(templates.create(self._store, await _object(request)))
        query = request.query_params
        if request.method == "DELETE":
            return JSONResponse({"success": templates.delete(self._store, query.get("name", ""))})
        limit = _number(query.get("limit"), PAGE_OF_TEMPLATES)
        limit = max(1, min(limit, MAX_PAGE_OF_TEMPLATES))
        after = min(_number(query.get("after"), 0), 1_000_000)
        found = templates.listed(self._store, query, after, limit)
        answer: Json = {"data": found[:limit]}
        if answer["data"]:
            cursors = {"before": str(after), "after": str(after + len(answer["data"]))}
            answer["paging"] = {"cursors": cursors}
            if len(found) > limit:
                url = self._config.url(f"/whatsapp{request.url.path.partition('/whatsapp')[2]}")
                next_ = f"{url}?limit={limit}&after={cursors['after']}"
                answer["paging"]["next"] = next_
        return JSONResponse(answer)

    async def _flows(self, request: Request) -> ASGIApp:
        self._check_account(request)
        if request.method == "POST":
            return JSONResponse(flows.create(self._store, await _object(request)))
        return JSONResponse({"data": flows.listed(self._store)})

    async def _subscribed_apps(self, request: Request) -> ASGIApp:
        self._check_account(request)
        if request.method != "GET":
            # Without a subscription the platform posts nothing, and says nothing about it.
            self._deliverer.subscribe("whatsapp", wanted=request.method == "POST")
            return JSONResponse({"success": True})
        if not self._deliverer.subscribed("whatsapp"):
            return JSONResponse({"data": []})
        app = {"id": "670843887433847", "name": "Sandbox", "link": self._config.url("/")}
        return JSONResponse({"data": [{"whatsapp_business_api_data": app}]})

    async def _numbers(self, request: Request) -> ASGIApp:
        self._check_account(request)
        return JSONResponse({"data": [self._number()]})

    async def _node(self, request: Request) -> ASGIApp:
        id_ = request.path_params["id"]
        if id_ == self._config.phone_number_id:
            if request.method != "GET":
                return JSONResponse({"success": True})
            fields = request.query_params.get("fields", "").split(",")
            number = self._number()
            wanted = {"id", *fields} if fields != [""] else set(number)
            return JSONResponse({name: number[name] for name in number if name in wanted})
        if id_ == self._config.waba_id:
            return JSONResponse({"id": id_, "name": "Sandbox business", "currency": "INR"})
        if request.method == "POST":
            templates.edit(self._store, id_, await _object(request))
            return JSONResponse({"success": True})
        if request.method == "DELETE":
            return JSONResponse({"success": media.delete(self._store, id_)})
        return JSONResponse(media.described(self._config, self._store, id_))

    async def _unknown(self, request: Request) -> ASGIApp:
        raise GraphError(2500, f"Unknown path components: /{request.path_params['path']}")

    def _number(self) -> Json:
        raised = self._config.throughput_per_second > STANDARD_THROUGHPUT
        return {
            "verified_name": "Sandbox business",
            "code_verification_status": "VERIFIED",
            "display_phone_number": self._config.display_phone_number,
            "quality_rating": "GREEN",
            "platform_type": "CLOUD_API",
            "throughput": {"level": "HIGH" if raised else "STANDARD"},
            "messaging_limit_tier": "TIER_UNLIMITED",
            "status": "CONNECTED",
            "id": self._config.phone_number_id,
        }


async def _object(request: Request) -> Json:
    raw = await body_of(request)
    try:
        value = read_json(raw)
    except ValueError:
        raise GraphError(100, "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise GraphError(100, "The body is a JSON object.")
    return value


def _number(text: str | None, default: int) -> int:
    try:
        return max(0, int(text)) if text else default
    except ValueError:
        raise GraphError(100, f"{text!r} is not a number.") from None
