"""Sessions keep the same promises in either store, on either database."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
import redis as blocking_redis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy import select

from app.core.crypto import Keyring
from app.core.ids import new_id
from app.database.session import Database
from app.identity import access, users
from app.identity.models import Role, Session, User, UserStatus
from app.identity.redis_sessions import RedisSessions
from app.identity.rules import AccountAction
from app.identity.sessions import (
    LONGEST_DAYS,
    SESSION_DAYS,
    AccountState,
    DatabaseSessions,
    IssuedSession,
    OpenSession,
    Rotated,
    SessionEnded,
    SessionsDown,
    SessionStore,
    purge_expired,
)
from app.identity.tokens import Claims, InvalidToken, TokenRing
from tests.infra.run import free_port

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
RING = TokenRing(["a-secret-of-the-tests-that-is-long-enough"])
KEYS = Keyring("a-secret-of-the-tests-that-is-long-enough")


class Signed:
    """A store, its database, and the user it is about, with what a test does to them."""

    def __init__(self, database: Database, store: SessionStore, user_id: UUID) -> None:
        self.database, self.store, self.user_id = database, store, user_id

    async def create(self, version: int = 1, now: dt.datetime = NOW) -> IssuedSession:
        async with self.database.begin() as session:
            return await self.store.create(session, self.user_id, version, now)

    async def standing(
        self, session_id: UUID, user_id: UUID | None = None, now: dt.datetime = NOW
    ) -> AccountState | None:
        async with self.database.read() as session:
            return await self.store.find_account(session, user_id or self.user_id, session_id, now)

    async def of(self, now: dt.datetime = NOW) -> list[OpenSession]:
        async with self.database.read() as session:
            return list(await self.store.list_open(session, self.user_id, now))

    async def rotate(self, token: str, now: dt.datetime = NOW) -> Rotated:
        """As the edge does it: what `SessionEnded` changed is kept, because it says so."""
        assert SessionEnded.keeps_changes
        ended: SessionEnded | None = None
        async with self.database.begin() as session:
            try:
                return await self.store.rotate(session, token, now)
            except SessionEnded as error:
                ended = error
        raise ended


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url, KEYS)
    yield made
    await made.close()


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
async def signed(request: pytest.FixtureRequest) -> AsyncIterator[Signed]:
    """Each store, and the one in the database on both."""
    in_redis = request.param == "redis"
    kind = "sqlite" if in_redis else request.param
    database = Database(request.getfixturevalue(f"{kind}_database_url"), KEYS)
    user_id = await add_user(database)
    if in_redis:
        async with Redis.from_url(request.getfixturevalue("valkey_url")) as client:
            yield Signed(database, RedisSessions(client), user_id)
    else:
        yield Signed(database, DatabaseSessions(), user_id)
    await database.close()


async def add_user(database: Database, role: Role = Role.EMPLOYER) -> UUID:
    user_id = new_id()
    user = User(
        id=user_id,
        role=role,
        status=UserStatus.ACTIVE,
        name="Rustom Irani",
        email=f"{user_id}@example.com",
        created_at=NOW,
        updated_at=NOW,
    )
    async with database.begin() as session:
        session.add(user)
    return user_id


async def test_a_new_session_is_alive_and_says_who_it_is(signed: Signed) -> None:
    issued = await signed.create()
    assert await signed.standing(issued.session_id) == AccountState(
        Role.EMPLOYER, UserStatus.ACTIVE, "Rustom Irani", 1
    )


async def test_a_session_is_nobody_else_s(signed: Signed) -> None:
    issued = await signed.create()
    stranger = await add_user(signed.database)
    assert await signed.standing(issued.session_id, user_id=stranger) is None
    assert await signed.standing(uuid4()) is None


async def test_a_session_that_ended_is_dead_and_the_others_live(signed: Signed) -> None:
    mine, other = await signed.create(), await signed.create()
    async with signed.database.begin() as session:
        await signed.store.end(session, mine.session_id)
        await signed.store.end(session, mine.session_id)
    assert await signed.standing(mine.session_id) is None
    assert await signed.standing(other.session_id) is not None
    with pytest.raises(SessionEnded):
        await signed.rotate(mine.refresh_token)


async def test_a_refresh_token_gives_the_next_one_of_the_same_session(signed: Signed) -> None:
    issued = await signed.create(version=1)
    token = issued.refresh_token
    for _ in range(3):
        rotated = await signed.rotate(token)
        assert (rotated.user_id, rotated.session_id, rotated.version) == (
            signed.user_id,
            issued.session_id,
            1,
        )
        assert rotated.refresh_token != token
        token = rotated.refresh_token
    assert await signed.standing(issued.session_id) is not None


async def test_a_refresh_token_used_again_ends_the_whole_session(signed: Signed) -> None:
    issued = await signed.create()
    rotated = await signed.rotate(issued.refresh_token)
    with pytest.raises(SessionEnded):
        await signed.rotate(issued.refresh_token)
    assert await signed.standing(issued.session_id) is None
    with pytest.raises(SessionEnded):
        await signed.rotate(rotated.refresh_token)


async def test_of_racing_refreshes_at_most_one_wins_and_the_session_ends(signed: Signed) -> None:
    issued = await signed.create()
    results = await asyncio.gather(
        *(signed.rotate(issued.refresh_token) for _ in range(10)), return_exceptions=True
    )
    won = [result for result in results if isinstance(result, Rotated)]
    assert len(won) == 1
    assert all(isinstance(result, Rotated | SessionEnded) for result in results)
    assert await signed.standing(issued.session_id) is None


@pytest.mark.parametrize("token", ["", "x", "." * 50, "\x00", "é", f"{UUID(int=7).hex}.guess"])
async def test_what_is_no_refresh_token_is_refused(signed: Signed, token: str) -> None:
    with pytest.raises(SessionEnded):
        await signed.rotate(token)


async def test_a_session_dies_of_disuse_and_lives_on_by_use(signed: Signed) -> None:
    unused, used = await signed.create(), await signed.create()
    day_before = NOW + dt.timedelta(days=SESSION_DAYS - 1)
    refreshed = await signed.rotate(used.refresh_token, day_before)
    after = NOW + dt.timedelta(days=SESSION_DAYS)
    assert await signed.standing(unused.session_id, now=after) is None
    assert await signed.standing(used.session_id, now=after) is not None
    with pytest.raises(SessionEnded):
        await signed.rotate(unused.refresh_token, after)
    await signed.rotate(refreshed.refresh_token, after)


async def test_a_session_of_an_older_version_of_the_account_is_dead(signed: Signed) -> None:
    issued = await signed.create()
    async with signed.database.begin() as session:
        await users.change_status(session, signed.user_id, AccountAction.SUSPEND, now=NOW)
    assert await signed.standing(issued.session_id) is None
    async with signed.database.begin() as session:
        await users.change_status(session, signed.user_id, AccountAction.ACTIVATE, now=NOW)
    assert await signed.standing(issued.session_id) is None


async def test_all_sessions_of_a_user_end_but_the_one_kept(signed: Signed) -> None:
    stranger = Signed(signed.database, signed.store, await add_user(signed.database))
    theirs = await stranger.create()
    kept, *others = [await signed.create() for _ in range(3)]
    async with signed.database.begin() as session:
        user = await users.get_user(session, signed.user_id)
        user.version = 2
        await signed.store.end_all(session, signed.user_id, keep=kept.session_id, version=2)
    assert await signed.standing(kept.session_id) is not None
    assert (await signed.rotate(kept.refresh_token)).version == 2
    for other in others:
        assert await signed.standing(other.session_id) is None
        with pytest.raises(SessionEnded):
            await signed.rotate(other.refresh_token)
    assert await stranger.standing(theirs.session_id) is not None
    async with signed.database.begin() as session:
        await signed.store.end_all(session, signed.user_id)
    assert await signed.standing(kept.session_id) is None


async def test_keeping_a_session_does_not_bring_back_one_that_ended(signed: Signed) -> None:
    ended = await signed.create()
    async with signed.database.begin() as session:
        await signed.store.end(session, ended.session_id)
        await signed.store.end_all(session, signed.user_id, keep=ended.session_id, version=1)
    assert await signed.standing(ended.session_id) is None


async def test_a_token_opens_what_its_session_and_account_allow(signed: Signed) -> None:
    issued = await signed.create()

    async def enter(role: Role = Role.EMPLOYER, version: int = 1) -> UserStatus:
        claims = Claims(signed.user_id, issued.session_id, role, version)
        async with signed.database.read() as session:
            actor = await access.authenticate(
                session, signed.store, RING, RING.issue(claims, NOW), now=NOW
            )
        assert (actor.user_id, actor.session_id) == (signed.user_id, issued.session_id)
        return actor.status

    assert await enter() is UserStatus.ACTIVE
    with pytest.raises(InvalidToken):
        await enter(Role.ADMIN)
    with pytest.raises(InvalidToken):
        await enter(version=2)
    async with signed.database.begin() as session:
        await users.change_status(session, signed.user_id, AccountAction.RESTRICT, now=NOW)
    assert await enter() is UserStatus.RESTRICTED
    async with signed.database.begin() as session:
        await users.erase(session, signed.user_id, now=NOW)
    with pytest.raises(SessionEnded):
        await enter()


async def test_no_store_holds_a_token_that_could_be_used(
    database: Database, valkey_url: str
) -> None:
    user_id = await add_user(database)
    in_database = await Signed(database, DatabaseSessions(), user_id).create()
    async with database.read() as session:
        rows = (await session.execute(select(Session.__table__))).all()
    assert in_database.refresh_token not in str(rows)
    async with Redis.from_url(valkey_url) as client:
        in_redis = await Signed(database, RedisSessions(client), user_id).create()
    with blocking_redis.Redis.from_url(valkey_url, decode_responses=True) as client_:
        keys = client_.keys("*")
        held = client_.hgetall(f"partimer:session:{in_redis.session_id}")
        assert held["user"] == str(user_id)
        assert in_redis.refresh_token not in str(held)
        assert all(client_.ttl(key) > 0 for key in keys), "a key would stay for ever"


async def test_a_store_that_is_down_lets_nobody_in(database_url: str) -> None:
    nowhere = free_port()
    down = Redis(host="127.0.0.1", port=nowhere, retry=Retry(NoBackoff(), 0))
    database = Database(database_url, KEYS)
    lost = Database(f"postgresql://nobody@127.0.0.1:{nowhere}/nothing", KEYS)
    for store, where in ((RedisSessions(down), database), (DatabaseSessions(), lost)):
        signed = Signed(where, store, uuid4())
        with pytest.raises(SessionsDown):
            await signed.standing(uuid4())
        with pytest.raises(SessionsDown):
            await signed.create()
        with pytest.raises(SessionsDown):
            await signed.rotate(f"{uuid4().hex}.token")
        async with where.begin() as session:
            with pytest.raises(SessionsDown):
                await store.end(session, uuid4())
            with pytest.raises(SessionsDown):
                await store.end_all(session, uuid4())
            session.info.clear()
    await down.aclose()
    await database.close()
    await lost.close()


async def test_expired_sessions_are_forgotten_a_few_at_a_time(database: Database) -> None:
    signed = Signed(database, DatabaseSessions(), await add_user(database))
    for _ in range(3):
        await signed.create()
    live = await signed.create(now=NOW + dt.timedelta(days=1))
    later = NOW + dt.timedelta(days=SESSION_DAYS)
    async with database.begin() as session:
        assert await purge_expired(session, later, 2) == 2
        assert await purge_expired(session, later, 2) == 1
        assert await purge_expired(session, later, 2) == 0
    assert await signed.standing(live.session_id, now=later) is not None


async def test_a_session_ends_however_often_it_is_refreshed(signed: Signed) -> None:
    issued = await signed.create()
    token, day = issued.refresh_token, dt.timedelta(days=1)
    now = NOW
    for _ in range(LONGEST_DAYS // 20):
        now += 20 * day
        token = (await signed.rotate(token, now)).refresh_token
    last = NOW + LONGEST_DAYS * day
    (only,) = await signed.of(now)
    assert only.ends_at == last
    assert await signed.standing(issued.session_id, now=last - day / 24) is not None
    assert await signed.standing(issued.session_id, now=last) is None
    with pytest.raises(SessionEnded):
        await signed.rotate(token, last)


async def test_open_sessions_are_listed_newest_first_and_dead_ones_are_not(signed: Signed) -> None:
    hour = dt.timedelta(hours=1)
    first = await signed.create()
    second = await signed.create(now=NOW + hour)
    ended = await signed.create(now=NOW + hour)
    await signed.create(version=7, now=NOW + hour)  # of another version of the account
    async with signed.database.begin() as session:
        await signed.store.end(session, ended.session_id)
    await signed.rotate(first.refresh_token, NOW + 2 * hour)
    found = await signed.of(NOW + 3 * hour)
    assert [one.id for one in found] == [second.session_id, first.session_id]
    assert [one.created_at for one in found] == [NOW + hour, NOW]
    assert [one.refreshed_at for one in found] == [NOW + hour, NOW + 2 * hour]
    assert await signed.of(NOW + dt.timedelta(days=SESSION_DAYS, hours=2)) == []
