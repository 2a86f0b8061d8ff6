"""Access tokens: short-lived JWTs (RFC 9068's `at+jwt`), signed with HS256 by one key of a ring.

Every request also checks that the token's session is alive (`access`).
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt

from app.core.crypto import derive
from app.core.errors import Unauthenticated
from app.core.settings import Settings
from app.identity.models import Role

ISSUER = "partimer"
AUDIENCE = "partimer-api"
TYPE = "at+jwt"
_ALGORITHM = "HS256"
_MAX_CHARACTERS = 2_048
"""Ours have about 450; longer ones are not hashed."""
_CLOCK_SKEW_SECONDS = 60
"""How far ahead another machine's clock may be."""
_KEPT = 2_048
"""Tokens whose signature is checked once: those of so many people who send requests one after another."""
_CLAIMS = ("iss", "aud", "sub", "sid", "role", "ver", "iat", "exp")


class TokenExpired(Unauthenticated):
    """A good token, too old."""

    code = "token_expired"
    detail = "The access token has expired. Get a new one with the refresh token."
    remedy = "Get a new pair of tokens with the refresh token."


class InvalidToken(Unauthenticated):
    """Not a token of ours."""

    code = "invalid_token"
    detail = "This is not a valid access token. Sign in again."
    remedy = "Sign in again; a token that was made up or cut is never good."


@dataclass(frozen=True)
class Claims:
    """The claims of an access token: user, session, role, and version of the account."""

    user_id: UUID
    session_id: UUID
    role: Role
    version: int


class TokenRing:
    """The keys of access tokens: the first one signs, the others verify while secrets are rotated."""

    def __init__(self, secrets: Sequence[str], lifetime_seconds: int = 600) -> None:
        self.lifetime_seconds = lifetime_seconds
        self._keys: dict[str, bytes] = {}
        for secret in secrets:
            key = derive(secret, "access-token")
            self._keys.setdefault(hashlib.sha256(b"kid" + key).hexdigest()[:8], key)
        self._signing = next(iter(self._keys))
        # What was signed stays signed, so it is decoded once; times are compared at each request. Refusals are
        # not kept: nobody pushes good tokens out with made-up ones.
        self._kept = lru_cache(_KEPT)(self._verified)

    @classmethod
    def from_settings(cls, settings: Settings) -> "TokenRing":
        """Return the ring of SECRET_KEY, and of SECRET_KEYS_PREVIOUS for verifying."""
        return cls(settings.signing_secrets, settings.access_token_seconds)

    def issue(self, claims: Claims, now: dt.datetime) -> str:
        """Return a token valid for `lifetime_seconds` from `now`."""
        issued = int(now.timestamp())
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(claims.user_id),
            "sid": str(claims.session_id),
            "role": claims.role.value,
            "ver": claims.version,
            "iat": issued,
            "exp": issued + self.lifetime_seconds,
        }
        headers = {"kid": self._signing, "typ": TYPE}
        return jwt.encode(payload, self._keys[self._signing], _ALGORITHM, headers)

    def read(self, token: str, now: dt.datetime) -> Claims:
        """Return the claims of a valid token. Raises `TokenExpired` and `InvalidToken`."""
        claims, expires = _claims(self._kept(token), now)
        if now.timestamp() >= expires:
            raise TokenExpired
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        if len(token) > _MAX_CHARACTERS or not token.isascii():
            raise InvalidToken
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.get(str(header.get("kid")))
            if key is None or header.get("typ") != TYPE:
                raise InvalidToken
            # Times are compared with the caller's `now`, not with the library's clock.
            payload: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={
                    "require": list(_CLAIMS),
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise InvalidToken from None
        return payload


def _claims(payload: dict[str, Any], now: dt.datetime) -> tuple[Claims, int]:
    issued, expires, version = payload["iat"], payload["exp"], payload["ver"]
    begins = payload.get("nbf", issued)
    whole = all(type(value) is int for value in (issued, begins, expires, version))
    latest = now.timestamp() + _CLOCK_SKEW_SECONDS
    if not whole or issued > latest or begins > latest or expires <= max(issued, begins):
        raise InvalidToken
    try:
        claims = Claims(
            user_id=UUID(payload["sub"]),
            session_id=UUID(payload["sid"]),
            role=Role(payload["role"]),
            version=version,
        )
    except (ValueError, TypeError, AttributeError):
        raise InvalidToken from None
    return claims, expires
