"""Workers whom an employer wants offered no more: `/api/employers/blocks`."""

from uuid import UUID

from fastapi import APIRouter, status
from pydantic import Field

from app.api.http.dependencies import EmployerActor, JobPoster, Now, Once, Read, Route, Write
from app.api.http.parameters import MatchId
from app.api.http.problems import problems
from app.core.schema import Instant, RequestModel, ResponseModel
from app.employers import blocks
from app.employers.blocks import WorkerNotBlocked
from app.offers import closing
from app.offers.mark_unlocked import MatchNotFound, worker_of

router = APIRouter(prefix="/api/employers/blocks", tags=["employers"], route_class=Route)


class NewWorkerBlock(RequestModel):
    """The worker behind a match of mine."""

    match_id: UUID = Field(description="Id of a match of mine; its worker is blocked.")


class WorkerBlock(ResponseModel):
    """A worker who is offered no job of mine any more, by the match I know them from."""

    match_id: UUID = Field(description="Id of the match.")
    created_at: Instant = Field(description="When the block was made (UTC).")


class WorkerBlockList(ResponseModel):
    """All of them."""

    items: list[WorkerBlock] = Field(description="Blocks, newest first.")


@router.get("")
async def list_blocks(session: Read, actor: EmployerActor) -> WorkerBlockList:
    """List whom I have blocked, newest first."""
    found = await blocks.list_blocked_workers(session, actor.employer_id)
    return WorkerBlockList.from_rows(items=found)


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(MatchNotFound))
async def block_worker(
    session: Write, actor: JobPoster, body: NewWorkerBlock, now: Now, _: Once
) -> WorkerBlock:
    """Offer this worker no job of mine any more; open offers close, and what I unlocked stays mine.

    Blocking twice changes nothing.
    """
    worker_id = await worker_of(session, actor.employer_id, body.match_id)
    await closing.close_between(session, worker_id, actor.employer_id, now)
    block = await blocks.block_worker(session, actor.employer_id, worker_id, body.match_id, now=now)
    return WorkerBlock.model_validate(block)


@router.delete(
    "/{match_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(WorkerNotBlocked)
)
async def unblock_worker(session: Write, actor: JobPoster, match_id: MatchId) -> None:
    """Lift a block."""
    await blocks.unblock_worker(session, actor.employer_id, match_id)
