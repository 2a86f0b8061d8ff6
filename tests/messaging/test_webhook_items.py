"""One item of a webhook that can't be stored: it is set aside whole, and its neighbours are handled."""

from dataclasses import replace

from sqlalchemy import func, select

from app.messaging.inbound import Parsed
from app.messaging.inbox import process
from app.messaging.models import ChatPerson, WebhookEvent
from tests.support.database import database_of
from tests.support.factories import NOW
from tests.support.inbox import Listener, arrive, text_message


class Unstorable(Listener):
    """Reads webhooks in which one text can't be stored, which shows when its person is there already."""

    def parse(self, body: bytes) -> Parsed:
        found = super().parse(body)
        broken = [
            replace(each, text="\ud800") if each.text == "poison" else each
            for each in found.messages
        ]
        return replace(found, messages=broken)


async def test_of_an_item_that_can_not_be_stored_nothing_is_left_and_its_neighbours_are_handled(
    database_url: str,
) -> None:
    database = database_of(database_url)
    reader = Unstorable()
    await arrive(database, text_message(0, "hi"), text_message(1, "poison"), text_message(2, "hi"))
    while await process.handle_due(database, lambda: NOW, 100, reader):
        pass
    assert reader.heard == {"+919811100000": ["hi"], "+919811100002": ["hi"]}
    async with database.read() as session:
        people = await session.scalar(select(func.count()).select_from(ChatPerson))
        [event] = await session.scalars(select(WebhookEvent))
    await database.close()
    assert people == 2, "nobody is kept of whom nothing else is"
    assert (event.state, event.set_aside) == ("handled", 1)
