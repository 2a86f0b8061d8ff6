"""Who someone is, judged without a database: tokens, passwords, second factor, names, statuses."""

import base64
import datetime as dt
import json
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any
from uuid import UUID

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.crypto import derive
from app.core.errors import Conflict, Invalid
from app.identity import passwords, totp
from app.identity.rules import TABLE, AccountAction, Role, UserStatus
from app.identity.tokens import Claims, InvalidToken, TokenExpired, TokenRing
from app.identity.users import display_name, parse_email

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
SECRET = "a-secret-of-the-tests-that-is-long-enough"
CLAIMS = Claims(UUID(int=1), UUID(int=2), Role.EMPLOYER, 3)
RING = TokenRing([SECRET])


def forged(payload: dict[str, object] | None = None, **headers: Any) -> str:
    """Return a token signed with our very key, with claims or headers changed; None removes one."""
    token = RING.issue(CLAIMS, NOW)
    claims = jwt.decode(token, options={"verify_signature": False}) | (payload or {})
    claims = {name: value for name, value in claims.items() if value is not None}
    header = jwt.get_unverified_header(token) | headers
    key = derive(SECRET, "access-token")
    algorithm = header.pop("alg")
    return jwt.encode(claims, key, algorithm, {k: v for k, v in header.items() if v is not None})


def test_a_token_says_what_was_put_in() -> None:
    assert RING.read(RING.issue(CLAIMS, NOW), NOW) == CLAIMS


def test_a_token_is_good_for_its_lifetime_and_not_a_second_longer() -> None:
    token = RING.issue(CLAIMS, NOW)
    assert RING.read(token, NOW + dt.timedelta(seconds=599)) == CLAIMS
    with pytest.raises(TokenExpired):
        RING.read(token, NOW + dt.timedelta(seconds=600))


def test_a_token_of_the_previous_secret_is_good_while_secrets_change() -> None:
    old = TokenRing(["the-secret-before-that-was-long-enough-too"])
    new = TokenRing([SECRET, "the-secret-before-that-was-long-enough-too"])
    assert new.read(old.issue(CLAIMS, NOW), NOW) == CLAIMS
    with pytest.raises(InvalidToken):
        old.read(new.issue(CLAIMS, NOW), NOW)


def test_a_token_is_decoded_once_and_its_times_are_looked_at_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoded: list[str] = []
    decode = jwt.decode

    def counted(token: str, *arguments: Any, **options: Any) -> Any:
        decoded.append(token)
        return decode(token, *arguments, **options)

    monkeypatch.setattr(jwt, "decode", counted)
    ring = TokenRing([SECRET])
    token = ring.issue(CLAIMS, NOW)
    assert [ring.read(token, NOW) for _ in range(3)] == [CLAIMS] * 3
    assert decoded == [token]
    with pytest.raises(TokenExpired):
        ring.read(token, NOW + dt.timedelta(seconds=600))
    with pytest.raises(InvalidToken):
        ring.read(token, NOW - dt.timedelta(minutes=5))
    changed = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    for _ in range(2):  # what is refused is not kept either
        with pytest.raises(InvalidToken):
            ring.read(changed, NOW)
    assert decoded == [token, changed, changed]


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "role", "ver", "iat", "exp"])
def test_a_token_that_lacks_a_claim_is_refused(claim: str) -> None:
    with pytest.raises(InvalidToken):
        RING.read(forged({claim: None}), NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody"},
        {"aud": "another-api"},
        {"aud": ["partimer-api", "another-api"]},
        {"sub": "1"},
        {"sid": "x"},
        {"role": "root"},
        {"ver": "3"},
        {"ver": True},
        {"exp": "never"},
        {"exp": 9e18},
        {"iat": int(NOW.timestamp()) + 3_600},
        {"iat": int(NOW.timestamp()) + 61},
        {"nbf": int(NOW.timestamp()) + 3_600},
        {"nbf": int(NOW.timestamp()) + 61},
        {"nbf": "now"},
        {"nbf": NOW.timestamp() - 1.0},
        {"nbf": True},
        {"exp": int(NOW.timestamp()) - 1, "iat": int(NOW.timestamp())},
    ],
)
def test_a_token_with_a_claim_that_is_not_ours_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidToken):
        RING.read(forged(change), NOW)


def test_a_token_that_is_good_from_now_on_is_taken() -> None:
    assert RING.read(forged({"nbf": int(NOW.timestamp())}), NOW) == CLAIMS


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(
    "headers",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"kid": "0badkey0"},
        {"kid": None},
        {"alg": "HS512"},
        {"crit": ["exp"]},
    ],
)
def test_a_token_with_another_header_is_refused(headers: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        RING.read(forged(**headers), NOW)


def test_a_token_without_a_signature_is_refused() -> None:
    _, payload, _ = RING.issue(CLAIMS, NOW).split(".")
    kid = jwt.get_unverified_header(RING.issue(CLAIMS, NOW))["kid"]
    header = json.dumps({"alg": "none", "typ": "at+jwt", "kid": kid}).encode()
    unsigned = base64.urlsafe_b64encode(header).decode().rstrip("=")
    with pytest.raises(InvalidToken):
        RING.read(f"{unsigned}.{payload}.", NOW)


@given(st.text(max_size=3_000))
def test_no_text_opens_anything(text: str) -> None:
    with pytest.raises(InvalidToken):
        RING.read(text, NOW)


@given(st.integers(0, 10**9), st.sampled_from("abcXYZ019-_."))
def test_a_token_with_one_character_changed_is_refused(position: int, character: str) -> None:
    token = RING.issue(CLAIMS, NOW)
    # The last character of a base64 text carries bits that mean nothing.
    position %= len(token) - 1
    changed = token[:position] + character + token[position + 1 :]
    if changed != token:
        with pytest.raises(InvalidToken):
            RING.read(changed, NOW)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "123456789",
        "1234567890",
        "Password123",
        "aaaaaaaaaaaa",
        "abababababab",
        "x" * 129,
        "asha@example.com",
        "Cafe Leopold",
        "cafeleopold2026",
        "\ud800 is not a character",
        "nothing \0 that is typed",
        "a line\nand another",
    ],
)
def test_a_password_anyone_would_try_is_refused_with_a_sentence(password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        passwords.require_acceptable(
            password, field="password", personal=["asha@example.com", "Cafe Leopold"]
        )
    assert refusal.value.errors[0].field == "password"
    assert refusal.value.errors[0].message.endswith(".")


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "पासवर्ड बहुत लंबा है", "x7!kQ-2mPz", "é" * 9 + "abc"]
)
def test_a_password_nobody_would_try_is_taken(password: str) -> None:
    passwords.require_acceptable(password, field="password", personal=["asha@example.com"])


async def test_a_password_opens_what_it_closed_however_its_accents_are_typed() -> None:
    kept = await passwords.hash_password("caf\u00e9 au lait 2026")
    assert "caf" not in kept
    assert await passwords.verify_password("cafe\u0301 au lait 2026", kept)
    assert not await passwords.verify_password("cafe au lait 2026", kept)
    assert not await passwords.verify_password("\ud800", kept)


async def test_nobody_s_password_is_never_right() -> None:
    assert not await passwords.verify_password("", None)


@pytest.fixture
def untouched() -> ModuleType:
    """The module as the product loads it: tests set this process's own to something cheap."""
    spec = find_spec("app.identity.passwords")
    assert spec is not None
    assert spec.loader is not None
    fresh = module_from_spec(spec)
    spec.loader.exec_module(fresh)
    return fresh


async def test_passwords_are_kept_as_strong_as_owasp_asks(untouched: ModuleType) -> None:
    kept = await untouched.hash_password("whatever")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_an_unknown_account_costs_the_same_work_as_a_known_one(
    untouched: ModuleType,
) -> None:
    kept, nobodys = await untouched.hash_password("whatever"), untouched.hashing.nobodys
    assert kept.split("$")[:4] == nobodys.split("$")[:4]
    assert len(kept) == len(nobodys)


# RFC 6238, appendix B: SHA-1, the last six of its eight digits.
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert totp.code_at(RFC_SECRET, seconds // totp.PERIOD_SECONDS) == code


def test_a_second_factor_may_be_one_step_off_and_is_good_once() -> None:
    step = int(NOW.timestamp()) // totp.PERIOD_SECONDS
    for off in (-1, 0, 1):
        code = totp.code_at(RFC_SECRET, step + off)
        assert totp.matching_step(RFC_SECRET, code, NOW, after=None) == step + off
        assert totp.matching_step(RFC_SECRET, code, NOW, after=step + off) is None
    for off in (-2, 2):
        code = totp.code_at(RFC_SECRET, step + off)
        assert totp.matching_step(RFC_SECRET, code, NOW, after=None) is None


@given(st.text(max_size=20))
def test_no_odd_second_factor_raises(code: str) -> None:
    assert totp.matching_step(RFC_SECRET, code, NOW, after=2**31) is None


def test_a_new_secret_is_one_that_apps_can_hold() -> None:
    secret = totp.new_secret()
    assert totp.is_secret(secret)
    assert not totp.is_secret("not base32!")
    assert secret in totp.setup_url(secret, "asha@example.com")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Asha Kulkarni", "Asha K."),
        ("Asha", "Asha"),
        ("  Asha   Devi  Kulkarni ", "Asha K."),
        ("आशा केलकर", "आशा के."),
        ("", ""),
        ("Dr. Asha Kulkarni", "Asha K."),
        ("Dr. A. K. Sharma", "Sharma A."),
        ("K. Ramesh", "Ramesh K."),
        ("A.K. Antony", "Antony A."),
        ("Mr Md. Salim Khan", "Salim K."),
        ("श्री रमेश पाटील", "रमेश पा."),
        ("A. K.", "A. K."),
        ("Ram Ram", "Ram R."),
        ("Dr.", "Dr."),
    ],
)
def test_who_buys_a_lead_sees_the_first_name_and_an_initial_without_titles(
    name: str, shown: str
) -> None:
    assert display_name(name) == shown


@given(st.text(max_size=120))
def test_every_name_can_be_shown(name: str) -> None:
    assert len(display_name(name)) <= len(name) + 1


@pytest.mark.parametrize("text", [" Owner@Example.COM ", "a.b+c@mail.example.co.in"])
def test_an_e_mail_address_is_kept_in_lower_case(text: str) -> None:
    assert parse_email(text) == text.strip().lower()


@pytest.mark.parametrize(
    "text",
    ["", "owner", "owner@", "@example.com", "a@b", "a b@example.com", "a@example.com\nBcc: b@c.de",
     "a@-example.com", "a..b@example.com", "a@" + "x" * 250 + ".com", "ю@example.com"],
)  # fmt: skip
def test_what_is_no_e_mail_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_email(text)


@pytest.mark.parametrize("action", list(AccountAction))
@pytest.mark.parametrize("role", list(Role))
def test_the_table_of_statuses_holds_together(role: Role, action: AccountAction) -> None:
    [transition] = TABLE.rules[action].transitions
    assert transition.target not in transition.sources
    # An account that is erased or was never proven is nothing an administrator can open or shut.
    assert not {UserStatus.ERASED, UserStatus.PENDING} & {*transition.sources, transition.target}
    now = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    for status in UserStatus:
        if status not in transition.sources or (
            action is AccountAction.RESTRICT and role is not Role.EMPLOYER
        ):
            with pytest.raises(Conflict):
                TABLE.decide(action, status, role, now)
        else:
            assert TABLE.decide(action, status, role, now) is transition
