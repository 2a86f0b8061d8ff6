"""A phone and an id prove to be one person's: which of their two accounts stays, in every case."""

import datetime as dt
from dataclasses import dataclass, field
from itertools import product
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.database.session import Database
from app.identity import users
from app.identity.models import Consent, Role, User
from app.messaging.contacts import identify as people
from app.messaging.inbound import Inbound, InboundKind
from app.messaging.models import Channel, ChatPerson
from tests.infra.counted import alerts
from tests.support.chat_player import chat
from tests.support.factories import NOW

# Rows: the account of who has the phone. Columns: of who has the id. The phone's was talked to last, but
# where both are nobody's it was the id's.
STAYS = """
           none   nobodys  agreed  active  suspended  erased
none       none   id       id      id      id         none
nobodys    phone  id       id      id      id         phone
active     phone  phone    phone   both    both       phone
suspended  phone  phone    phone   both    both       phone
erased     none   id       id      id      id         none
""".strip().splitlines()


@dataclass(frozen=True)
class Two:
    """Two people of the chat who are one, of whom nobody knows it yet."""

    database: Database
    number: int
    accounts: dict[str, UUID | None] = field(default_factory=dict)

    @property
    def phone(self) -> str:
        return f"+91981110{self.number:04}"

    @property
    def platform_id(self) -> str:
        return f"IN.{self.number}"

    async def arrives(self, phone: str | None, platform_id: str | None) -> UUID:
        """A message comes; return who it is from."""
        sign = Inbound("wamid", InboundKind.REACTION, NOW, phone, platform_id)
        async with self.database.begin() as session:
            return (await people.resolve_contact(session, Channel.WHATSAPP, sign, NOW)).id

    async def begin(self, phones: str, ids: str) -> None:
        """The one writes with the phone only; the other with the id, and perhaps with an older phone."""
        held = ids in {"active", "suspended"}
        older = f"+91982220{self.number:04}" if held else None
        for side, state, names in (
            ("phone", phones, (self.phone, None)),
            ("id", ids, (older, self.platform_id)),
        ):
            person_id = await self.arrives(*names)
            async with self.database.begin() as session:
                person = await session.get_one(ChatPerson, person_id)
                person.user_id = await self._account(session, state, *names)
                if side == ("id" if phones == ids == "nobodys" else "phone"):
                    person.last_message_at = NOW - dt.timedelta(minutes=1)
                self.accounts[side] = person.user_id

    async def _account(
        self, session: AsyncSession, state: str, phone: str | None, platform_id: str | None
    ) -> UUID | None:
        if state == "none":
            return None
        pending = state in {"nobodys", "agreed"}
        keys, gone = self.database.keyring, state == "erased"
        user = User(
            id=new_id(),
            role=Role.WORKER,
            status="pending" if pending else state,
            name="Asha",
            phone_index=users.index_of_phone(keys, phone) if phone and not gone else None,
            chat_user_id=None if gone else platform_id,
            created_at=NOW,
            updated_at=NOW,
        )
        session.add(user)
        await session.flush()
        # What is typed over the API comes with a consent, which is no word of whoever has the phone.
        channel = {"agreed": "whatsapp", "nobodys": "api"}.get(state)
        if channel is not None:
            agreed = {"purpose": "job_offers", "wording_version": "1", "language": "en"}
            session.add(Consent(user_id=user.id, channel=channel, granted_at=NOW, **agreed))
        return user.id

    async def people(self) -> list[ChatPerson]:
        index = users.index_of_phone(self.database.keyring, self.phone)
        has_one = (ChatPerson.phone_index == index) | (
            ChatPerson.platform_user_id == self.platform_id
        )
        async with self.database.read() as session:
            return list(await session.scalars(select(ChatPerson).where(has_one)))

    async def check(self, stays: str) -> None:
        found = await self.people()
        async with self.database.read() as session:
            ids = [each for each in self.accounts.values() if each]
            query = select(User).where(User.id.in_(ids))
            accounts = {user.id: user for user in await session.scalars(query)}
        if stays == "both":
            assert {person.user_id for person in found} == set(accounts)
            assert all(user.phone_index for user in accounts.values())
            return
        [person] = found
        kept = self.accounts.get(stays)
        assert person.user_id == kept
        index = users.index_of_phone(self.database.keyring, self.phone)
        assert (person.phone_index, person.platform_user_id) == (index, self.platform_id)
        for account in accounts.values():
            names = (account.phone_index, account.chat_user_id)
            assert names == ((index, self.platform_id) if account.id == kept else (None, None))


async def test_of_two_accounts_of_one_person_the_one_that_is_theirs_stays(
    database_url: str,
) -> None:
    columns, *rows = [line.split() for line in STAYS]
    async with chat(database_url) as world:
        for number, ((phones, *cells), (column, ids)) in enumerate(
            product(rows, enumerate(columns))
        ):
            two, stays, before = Two(world.database, number), cells[column], alerts("two_accounts")
            await two.begin(phones, ids)
            # Twice: it is settled by the first, or was called for then.
            await two.arrives(two.phone, two.platform_id)
            writer = await two.arrives(two.phone, two.platform_id)
            await two.check(stays)
            assert alerts("two_accounts") == before + (stays == "both"), (phones, ids)
            [who] = [person for person in await two.people() if person.id == writer]
            assert who.user_id == two.accounts.get("phone" if stays == "both" else stays)


async def test_who_agreed_is_active_once_the_phone_is_there(database_url: str) -> None:
    async with chat(database_url) as world:
        for number, (phones, status) in enumerate(
            [("none", "active"), ("nobodys", "active"), ("active", "pending")]
        ):
            two = Two(world.database, number)
            await two.begin(phones, "agreed")
            await two.arrives(two.phone, two.platform_id)
            async with world.database.read() as session:
                agreed = await session.get_one(User, two.accounts["id"])
            assert agreed.status == status, phones
