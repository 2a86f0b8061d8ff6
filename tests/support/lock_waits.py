"""Two processes at once on PostgreSQL: the second asks while the first has locked rows, and waits for them."""

from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.support.app_harness import World

_WAITS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def ask_meanwhile[T](
    world: World,
    change: Callable[[AsyncSession], Awaitable[Any]],
    ask: Callable[[], T],
) -> T:
    """Do `change`, and commit it only once what `ask` asks for waits for its rows; return the answer to `ask`.

    Fails where `ask` ends without having waited.
    """
    with ThreadPoolExecutor(1) as other:

        async def overtake(session: AsyncSession) -> Future[T]:
            await change(session)
            asked = other.submit(ask)
            while not await session.scalar(_WAITS):
                await session.execute(text("SELECT pg_stat_clear_snapshot()"))
                assert not asked.done(), "it did not wait"
            return asked

        asked: Future[T] = world.in_session(overtake)
        return asked.result(30)
