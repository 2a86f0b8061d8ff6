"""Health, readiness and metrics, for machines."""

import asyncio
import secrets
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import Field
from redis.exceptions import RedisError
from starlette.responses import PlainTextResponse, Response

import app
from app.api.http.dependencies import Now, Route, Rt, runtime_of
from app.api.http.problems import problems
from app.core.errors import NotFound, Unavailable
from app.core.metrics import exposition
from app.core.ratelimit import ANSWERS_SECONDS
from app.core.schema import ResponseModel
from app.database.writable import NotWritable, WriteProbe
from app.reporting import backlog, parked

router = APIRouter(tags=["health"], route_class=Route)


class CacheUnavailable(Unavailable):
    """The cache is configured and does not answer."""

    code = "cache_unavailable"
    detail = "The cache does not answer."


class BackgroundLagging(Unavailable):
    """Background work is further behind than this process should get traffic for."""

    code = "background_lagging"
    remedy = "Look whether a worker process runs, and whether it keeps up."


class Health(ResponseModel):
    """The server answers, and so does its database."""

    status: Literal["ok"] = Field(default="ok", description="The server and its database answer.")
    version: str = Field(description="Version of the product.")


class Ready(ResponseModel):
    """Whether this process should get traffic, and what it found."""

    status: Literal["ok", "degraded"] = Field(
        description="`degraded`: it works, and something waits for an administrator; see `parked`."
    )
    version: str = Field(description="Version of the product.")
    database: Literal["ok"] = Field(description="The database answers.")
    cache: Literal["ok", "not_configured"] = Field(
        description="The cache answers, or none is configured."
    )
    background_lag_seconds: int = Field(
        description="Age of the oldest work that is due, in seconds."
    )
    parked: dict[str, int] = Field(
        description="How much was given up and waits for an administrator, by kind."
    )


class Welcome(ResponseModel):
    """What this is, and where to go on."""

    name: str = Field(description="Name of the product.")
    version: str = Field(description="Version of the product.")
    links: dict[str, str] = Field(description="Where to go on, by name.")


@router.get("/health", responses=problems())
async def get_health(rt: Rt) -> Health:
    """Answer 200 while the server and its database do."""
    await rt.database.ping()
    return Health(version=app.__version__)


@router.get("/health/ready", responses=problems(CacheUnavailable, BackgroundLagging, NotWritable))
async def get_readiness(request: Request, rt: Rt, now: Now) -> Ready:
    """Answer 200 when the database takes what is written, the cache answers and background work keeps up."""
    await rt.database.ping()
    await _probe_of(request).check()
    await rt.clock_check.require()
    if rt.redis is not None:
        try:
            async with asyncio.timeout(ANSWERS_SECONDS):
                await rt.redis.ping()
        except (RedisError, OSError) as error:
            raise CacheUnavailable from error
    async with rt.database.read() as session:
        behind = (await backlog.measure(session, now)).worst_seconds
        waits = (await parked.count(session, now)).by_kind()
    if behind > backlog.READY_WITHIN_SECONDS:
        detail = f"Background work is {behind} seconds behind: is a worker process running?"
        raise BackgroundLagging(detail)
    return Ready(
        # Every process sees the same parked rows: one of them must not take all processes out of service.
        status="degraded" if waits else "ok",
        version=app.__version__,
        database="ok",
        cache="ok" if rt.redis is not None else "not_configured",
        background_lag_seconds=behind,
        parked=waits,
    )


def _probe_of(request: Request) -> WriteProbe:
    """Return the process's probe, made on first use."""
    state = request.app.state
    if not hasattr(state, "write_probe"):
        state.write_probe = WriteProbe(runtime_of(request).database)
    probe: WriteProbe = state.write_probe
    return probe


@router.get("/metrics", include_in_schema=False)
async def get_metrics(request: Request, rt: Rt) -> Response:
    """Give the metrics in Prometheus' text format, to whoever has METRICS_TOKEN; else 404."""
    token = rt.settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token is None or not secrets.compare_digest(
        given.encode(), token.get_secret_value().encode()
    ):
        raise NotFound
    return PlainTextResponse(exposition(), media_type="text/plain; version=0.0.4")
