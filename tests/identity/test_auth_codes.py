"""One-time codes hold against guessers, and accounts against races."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.core.crypto import Keyring
from app.core.errors import Invalid, NotFound
from app.core.ids import new_id
from app.database.session import Database
from app.identity import codes, second_factor, sign_in, totp, users
from app.identity.codes import CodeRules, CodesExhausted
from app.identity.models import Consent, OneTimeCode, Role, User, UserStatus
from app.identity.rules import AccountAction
from app.identity.sessions import DatabaseSessions
from app.identity.sign_in import AccountSuspended, InvalidCredentials, SignedIn
from app.identity.users import EmailTaken, StatusForbids
from app.privacy import purge

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
KEYS = Keyring("a-secret-of-the-tests-that-is-long-enough")
RULES = CodeRules(per_day=1_000)
PHONE = "+919876543210"
SUBJECT = users.index_of_phone(KEYS, PHONE)
SESSIONS = DatabaseSessions()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url, KEYS)
    yield made
    await made.close()


async def add_worker(database: Database, status: UserStatus = UserStatus.PENDING) -> UUID:
    user = User(
        id=new_id(),
        role=Role.WORKER,
        status=status,
        name="Asha Kulkarni",
        phone_sealed=users.seal_phone(KEYS, PHONE),
        phone_index=SUBJECT,
        created_at=NOW,
        updated_at=NOW,
    )
    async with database.begin() as session:
        session.add(user)
    return user.id


async def issue(
    database: Database,
    *,
    known: bool = True,
    rules: CodeRules = RULES,
    now: dt.datetime = NOW,
    address: str | None = None,
) -> str:
    async with database.begin() as session:
        challenge = await codes.issue(
            session, SUBJECT, rules, now=now, known=known, address=address
        )
        return challenge.code


async def guess(
    database: Database, code: str, now: dt.datetime = NOW, address: str | None = None
) -> SignedIn:
    """As the edge does it: what a refusal counted is kept, because it says so."""
    refusal: InvalidCredentials | AccountSuspended | None = None
    assert InvalidCredentials.keeps_changes
    assert AccountSuspended.keeps_changes
    async with database.begin() as session:
        try:
            return await sign_in.with_code(session, SESSIONS, PHONE, code, now=now, address=address)
        except (InvalidCredentials, AccountSuspended) as error:
            refusal = error
    raise refusal


def another(code: str, offset: int = 1) -> str:
    return f"{(int(code) + offset) % 10**6:06}"


async def status_of(database: Database, user_id: UUID) -> str:
    async with database.read() as session:
        return (await users.get_user(session, user_id)).status


async def test_the_first_code_proves_the_phone(database: Database) -> None:
    user_id = await add_worker(database)
    signed_in = await guess(database, await issue(database))
    assert (signed_in.user_id, signed_in.status) == (user_id, UserStatus.ACTIVE)
    assert await status_of(database, user_id) == UserStatus.ACTIVE


async def test_a_code_is_good_once(database: Database) -> None:
    await add_worker(database)
    code = await issue(database)
    await guess(database, code)
    with pytest.raises(InvalidCredentials):
        await guess(database, code)


async def test_a_code_is_good_for_five_minutes(database: Database) -> None:
    await add_worker(database)
    code = await issue(database)
    with pytest.raises(InvalidCredentials):
        await guess(database, code, NOW + dt.timedelta(minutes=5))
    await guess(database, code, NOW + dt.timedelta(minutes=4, seconds=59))


async def test_five_wrong_guesses_spend_a_code_and_a_new_one_is_good(database: Database) -> None:
    await add_worker(database)
    code = await issue(database)
    for wrong in range(1, 6):
        with pytest.raises(InvalidCredentials):
            await guess(database, another(code, wrong))
    with pytest.raises(InvalidCredentials):
        await guess(database, code)
    # An attacker's guesses delay the owner of the phone, and never lock them out.
    await guess(database, await issue(database))


async def test_four_wrong_guesses_leave_the_fifth_to_the_owner(database: Database) -> None:
    await add_worker(database)
    code = await issue(database)
    for wrong in range(1, 5):
        with pytest.raises(InvalidCredentials):
            await guess(database, another(code, wrong))
    await guess(database, code)


async def test_a_stranger_s_guesses_leave_the_owner_s_tries_alone(database: Database) -> None:
    await add_worker(database)
    code = await issue(database, address="192.0.2.1")
    for number in range(1, 12):
        with pytest.raises(InvalidCredentials):
            await guess(database, another(code, number), address=f"198.51.100.{number}")
    for number in range(1, 5):
        with pytest.raises(InvalidCredentials):
            await guess(database, another(code, number), address="192.0.2.1")
    with pytest.raises(InvalidCredentials):  # strangers had five looks together
        await guess(database, code, address="198.51.100.12")
    await guess(database, code, address="192.0.2.1")


async def test_a_code_may_be_typed_at_another_address_than_it_was_asked_from(
    database: Database,
) -> None:
    await add_worker(database)
    code = await issue(database, address="192.0.2.1")
    await guess(database, code, address="198.51.100.1")


async def test_the_code_of_an_earlier_message_is_good_until_any_is_used(
    database: Database,
) -> None:
    await add_worker(database)
    first, second = await issue(database), await issue(database)
    await guess(database, first)
    with pytest.raises(InvalidCredentials):
        await guess(database, second)


async def test_twenty_guesses_at_once_get_five_looks(database: Database) -> None:
    await add_worker(database)
    code = await issue(database)
    guesses = [another(code, offset) for offset in range(1, 20)] + [code]
    results = await asyncio.gather(
        *(guess(database, text) for text in guesses[:-1]), return_exceptions=True
    )
    assert all(isinstance(result, InvalidCredentials) for result in results)
    async with database.read() as session:
        assert await session.scalar(select(OneTimeCode.tries)) == codes.MAX_TRIES
    with pytest.raises(InvalidCredentials):
        await guess(database, code)


async def test_of_twenty_right_codes_at_once_one_signs_in(database: Database) -> None:
    await add_worker(database)
    code = await issue(database)
    results = await asyncio.gather(
        *(guess(database, code) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(result, SignedIn) for result in results) == 1
    assert sum(isinstance(result, InvalidCredentials) for result in results) == 19


async def test_a_code_belongs_to_its_challenge_and_phone(database: Database) -> None:
    await add_worker(database)
    async with database.begin() as session:
        other = await codes.issue(session, "another-phone", RULES, now=NOW, known=True)
    with pytest.raises(InvalidCredentials):
        await guess(database, other.code)
    code = await issue(database)
    async with database.begin() as session:
        rows = (await session.scalars(select(OneTimeCode))).all()
        # A row copied over another one's does not make its code good there.
        for row in rows:
            assert code not in row.code_hash
        rows[0].code_hash, rows[1].code_hash = rows[1].code_hash, rows[0].code_hash
    with pytest.raises(InvalidCredentials):
        await guess(database, code)


async def test_an_unknown_phone_costs_a_guesser_the_same_tries(database: Database) -> None:
    unsent = await issue(database, known=False)
    for _ in range(3):
        with pytest.raises(InvalidCredentials):
            await guess(database, another(unsent))
    async with database.read() as session:
        assert await session.scalar(select(OneTimeCode.tries)) == 3
    with pytest.raises(InvalidCredentials):
        await guess(database, unsent)


async def test_a_suspended_worker_learns_so_by_the_right_code_only(database: Database) -> None:
    await add_worker(database, UserStatus.SUSPENDED)
    code = await issue(database)
    with pytest.raises(InvalidCredentials):
        await guess(database, another(code))
    with pytest.raises(AccountSuspended):
        await guess(database, code)
    with pytest.raises(InvalidCredentials):
        await guess(database, code)


async def test_the_day_s_codes_run_out_for_known_and_unknown_phones_alike(
    database: Database,
) -> None:
    rules = CodeRules(per_day=2)
    for _ in range(2):
        await issue(database, known=False, rules=rules)  # never sent, so they cost nothing
        await issue(database, rules=rules)
    for known in (True, False):
        with pytest.raises(CodesExhausted):
            await issue(database, known=known, rules=rules)
    await issue(database, rules=rules, now=NOW + dt.timedelta(days=1))


def test_codes_go_to_allowed_countries_only() -> None:
    codes.check_phone(PHONE, CodeRules(per_day=1))
    codes.check_phone(PHONE, CodeRules(per_day=1, countries=frozenset({"IN", "GB"})))
    with pytest.raises(Invalid) as refusal:
        codes.check_phone("+447911123456", CodeRules(per_day=1, countries=frozenset({"IN"})))
    assert refusal.value.errors[0].field == "phone"


async def test_spent_codes_are_forgotten_once_the_day_s_count_does_not_need_them(
    database: Database,
) -> None:
    for _ in range(3):
        await issue(database)
    later = NOW + codes.LIFETIME + codes.KEPT
    async with database.begin() as session:
        assert await purge.purge_identity(session, later, 10) == 0
        assert await purge.purge_identity(session, later + dt.timedelta(seconds=1), 2) == 2
        assert await purge.purge_identity(session, later + dt.timedelta(seconds=1), 2) == 1
        assert await session.scalar(select(func.count()).select_from(OneTimeCode)) == 0


async def move(database: Database, user_id: UUID, verb: str) -> None:
    async with database.begin() as session:
        await users.change_status(session, user_id, AccountAction(verb), now=NOW)


async def erase(database: Database, user_id: UUID) -> None:
    async with database.begin() as session:
        await users.erase(session, user_id, now=NOW)


@pytest.mark.parametrize(
    ("verb", "status"), [("suspend", UserStatus.ACTIVE), ("activate", UserStatus.SUSPENDED)]
)
async def test_of_racing_moves_of_a_status_one_wins_and_the_others_learn_why(
    database: Database, verb: str, status: UserStatus
) -> None:
    user_id = await add_worker(database, status)
    results = await asyncio.gather(
        *(move(database, user_id, verb) for _ in range(8)), return_exceptions=True
    )
    refusals = [result for result in results if result is not None]
    assert len(refusals) == 7
    for refusal in refusals:
        assert isinstance(refusal, StatusForbids)
        assert refusal.reason == f"account_{await status_of(database, user_id)}"


@pytest.mark.parametrize("status", list(UserStatus))
@pytest.mark.parametrize("verb", ["suspend", "activate", "restrict"])
async def test_a_worker_s_status_moves_only_as_the_table_says(
    sqlite_database_url: str, verb: str, status: UserStatus
) -> None:
    allowed = {("suspend", "active"), ("suspend", "restricted")}
    allowed |= {("activate", "suspended"), ("activate", "restricted")}
    database = Database(sqlite_database_url, KEYS)
    user_id = await add_worker(database, status)
    if (verb, status) in allowed:
        await move(database, user_id, verb)
        assert await status_of(database, user_id) != status
    else:
        with pytest.raises(StatusForbids):
            await move(database, user_id, verb)
        assert await status_of(database, user_id) == status
    await database.close()


async def test_nothing_personal_is_left_of_an_erased_account(database: Database) -> None:
    user_id = await add_worker(database, UserStatus.ACTIVE)
    async with database.begin() as session:
        session.add(
            Consent(
                user_id=user_id,
                purpose="job_offers",
                wording_version="1",
                language="hi",
                channel="api",
                granted_at=NOW,
            )
        )
    code = await issue(database)
    await erase(database, user_id)
    async with database.read() as session:
        user = await users.get_user(session, user_id)
        assert (user.name, user.status, user.version) == ("Deleted", UserStatus.ERASED, 2)
        assert (user.email, user.phone_sealed, user.phone_index) == (None, None, None)
        assert users.phone_of(session, user) is None
        assert await session.scalar(select(Consent.withdrawn_at)) == NOW
    with pytest.raises(InvalidCredentials):
        await guess(database, code)
    with pytest.raises(NotFound):
        await erase(database, user_id)
    # The phone may register anew.
    await add_worker(database)


async def test_an_administrator_is_made_once(database: Database) -> None:
    async def make(email: str = " Root@Example.com ") -> User:
        async with database.begin() as session:
            return await users.create_admin(session, email, "Root", "a long sentence here", now=NOW)

    results = await asyncio.gather(make(), make(), return_exceptions=True)
    assert sum(isinstance(result, EmailTaken) for result in results) == 1
    with pytest.raises(EmailTaken):
        await make("root@example.com")
    with pytest.raises(Invalid):
        await make("not an address")
    for bad in ("second@example.com", "short"):
        with pytest.raises(Invalid):
            async with database.begin() as session:
                await users.create_admin(session, "second@example.com", "Second", bad, now=NOW)
        async with database.read() as session:
            assert await users.find_by_email(session, Role.ADMIN, "second@example.com") is None


async def test_a_second_factor_is_asked_for_and_each_code_is_good_once(
    database: Database,
) -> None:
    password, secret = "a long sentence here", totp.new_secret()
    async with database.begin() as session:
        admin = await users.create_admin(session, "root@example.com", "Root", password, now=NOW)
    async with database.begin() as session:
        await second_factor.set_secret(session, admin.id, secret, now=NOW)

    async def enter(code: str | None, now: dt.datetime = NOW) -> SignedIn:
        async with database.read() as session:
            found = await sign_in.find_credentials(session, Role.ADMIN, "root@example.com")
        assert await sign_in.verify_credentials(found, password)
        async with database.begin() as session:
            return await sign_in.with_password(
                session, SESSIONS, found, code, now=now, right=True, account="root"
            )

    code = totp.code_at(secret, int(NOW.timestamp()) // totp.PERIOD_SECONDS)
    for wrong in (None, "", another(code)):
        with pytest.raises(InvalidCredentials):
            await enter(wrong)
    results = await asyncio.gather(*(enter(code) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, SignedIn) for result in results) == 1
    with pytest.raises(InvalidCredentials):
        await enter(code)
    later = NOW + dt.timedelta(seconds=30)
    await enter(totp.code_at(secret, int(later.timestamp()) // totp.PERIOD_SECONDS), later)
