"""Access tokens: short-lived JWTs (RFC 9068's `at+jwt`), signed with HS256 by one key of a ring.

A token alone opens nothing: every request also asks whether its session is alive (`access`).
"""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
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
"""Ours have about 450; nothing longer is worth hashing."""
_CLOCK_SKEW_SECONDS = 60
"""How far ahead the clock of another machine of ours may be."""
_CLAIMS = ("iss", "aud", "sub", "sid", "role", "ver", "iat", "exp")


class TokenExpired(Unauthenticated):
    """A good token, too old."""

    code = "token_expired"
    detail = "The access token has expired. Get a new one with the refresh token."


class InvalidToken(Unauthenticated):
    """Not a token of ours."""

    code = "invalid_token"
    detail = "This is not a valid access token. Sign in again."


@dataclass(frozen=True)
class Claims:
    """What an access token says: whose it is, of which session, at which version of the account."""

    user_id: UUID
    session_id: UUID
    role: Role
    version: int


class TokenRing:
    """The keys of access tokens: the first one signs, the others still verify while secrets change.

    `lifetime_seconds` is how long a token is good.
    """

    def __init__(self, secrets: Sequence[str], lifetime_seconds: int = 600) -> None:
        self.lifetime_seconds = lifetime_seconds
        self._keys: dict[str, bytes] = {}
        for secret in secrets:
            key = derive(secret, "access-token")
            self._keys.setdefault(hashlib.sha256(b"kid" + key).hexdigest()[:8], key)
        self._signing = next(iter(self._keys))
        # All tokens of one key begin alike. One that begins otherwise isn't ours, whatever it claims.
        self._by_head = {
            jwt.encode({}, key, _ALGORITHM, {"kid": kid, "typ": TYPE}).split(".")[0]: key
            for kid, key in self._keys.items()
        }

    @classmethod
    def from_settings(cls, settings: Settings) -> "TokenRing":
        """Return the ring of SECRET_KEY, and of SECRET_KEYS_PREVIOUS for verifying."""
        return cls(settings.signing_secrets, settings.access_token_seconds)

    def issue(self, claims: Claims, now: dt.datetime) -> str:
        """Return a token good for `lifetime_seconds` from `now`."""
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
        """Return what a token of ours says.

        Raises `TokenExpired` for one too old and `InvalidToken` for anything else.
        """
        claims, expires = _claims(self._verified(token), now)
        if now.timestamp() >= expires:
            raise TokenExpired
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        """Return the payload of a token signed by one of the keys.

        By hand, because every request waits for it, and a library spends most of its time on finding
        out what is known here: which header, which algorithm, which encoding.
        """
        signed, _, signature = token.rpartition(".")
        head, _, payload = signed.partition(".")
        key = self._by_head.get(head)
        if key is None or len(token) > _MAX_CHARACTERS or not token.isascii():
            raise InvalidToken
        made = hmac.digest(key, signed.encode(), "sha256")
        if not hmac.compare_digest(base64.urlsafe_b64encode(made).rstrip(b"="), signature.encode()):
            raise InvalidToken
        try:
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (ValueError, binascii.Error, RecursionError):
            raise InvalidToken from None
        if not isinstance(claims, dict) or any(name not in claims for name in _CLAIMS):
            raise InvalidToken
        if claims["iss"] != ISSUER or claims["aud"] != AUDIENCE:
            raise InvalidToken
        return claims


def _claims(payload: dict[str, Any], now: dt.datetime) -> tuple[Claims, int]:
    issued, expires, version = payload["iat"], payload["exp"], payload["ver"]
    whole = all(type(value) is int for value in (issued, expires, version))
    if not whole or issued > now.timestamp() + _CLOCK_SKEW_SECONDS or expires <= issued:
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
