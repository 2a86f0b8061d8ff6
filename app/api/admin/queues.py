"""What waits for an administrator, queue by queue."""

from fastapi import APIRouter
from pydantic import Field

from app.api.admin.access import StatsReader
from app.api.http.dependencies import Now, Read, Route
from app.core.schema import Instant, ResponseModel
from app.reporting.queues import Queue, measure_queues

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class QueueFigures(ResponseModel):
    """How much of one kind waits for somebody of the team."""

    queue: Queue = Field(description="What waits.")
    waiting: int = Field(description="How much of it.")
    oldest_at: Instant | None = Field(
        description="Since when the first of it waits (UTC); null where nothing does."
    )


class Queues(ResponseModel):
    """Every queue of the team."""

    items: list[QueueFigures] = Field(description="The queues, the most urgent first.")


@router.get("/queues")
async def list_queues(session: Read, _actor: StatsReader, now: Now) -> Queues:
    """List what waits for somebody of the team, and since when."""
    found = await measure_queues(session, now)
    return Queues(items=[QueueFigures.from_rows(each) for each in found])
