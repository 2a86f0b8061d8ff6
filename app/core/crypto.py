"""Encryption and keyed hashes, so that a stolen database reveals no personal value.

Every key is derived with HKDF-SHA256 from the configured secrets, one for each purpose. Personal values are
sealed with AES-256-GCM under a key id, so that keys can rotate. Look-ups use a keyed blind index, because an
unkeyed hash of a phone number can be enumerated in minutes.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_KEY_ID_BYTES = 4


class SealBroken(Exception):
    """A sealed value can't be opened: wrong key, wrong context, or altered."""


def derive(secret: str, purpose: str) -> bytes:
    """Return the 32-byte key of `purpose`."""
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=b"partimer", info=purpose.encode())
    return hkdf.derive(secret.encode())


def random_token() -> str:
    """Return an opaque, URL-safe token of 256 random bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return the hash under which a random 256-bit token is stored (hex SHA-256)."""
    return hashlib.sha256(token.encode()).hexdigest()


class Keyring:
    """The keys of one installation, to seal, open and index personal values and to sign the audit log.

    The newest secret seals and every secret opens. The oldest one keys the index, because under another key
    nobody would be found by their phone any more.
    """

    def __init__(self, newest: str, previous: Sequence[str] = ()) -> None:
        """`previous` secrets come from the newer to the oldest."""
        secrets_ = (newest, *previous)
        self._ciphers: dict[bytes, AESGCM] = {}
        for secret in secrets_:
            key = derive(secret, "seal")
            key_id = hashlib.sha256(b"id" + key).digest()[:_KEY_ID_BYTES]
            self._ciphers.setdefault(key_id, AESGCM(key))
        self._current = next(iter(self._ciphers))
        self._index_key = derive(secrets_[-1], "blind-index")
        self._mac_keys: dict[str, bytes] = {}
        for secret in secrets_:
            key = derive(secret, "mac")
            self._mac_keys.setdefault(hashlib.sha256(b"id" + key).hexdigest()[:8], key)
        self.mac_key_id = next(iter(self._mac_keys))
        """Id of the newest secret's key of `mac`."""

    def seal(self, value: str, context: str) -> bytes:
        """Encrypt `value`; it opens only with the same `context`, which names what the value is."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = self._ciphers[self._current]
        return self._current + nonce + cipher.encrypt(nonce, value.encode(), context.encode())

    def open(self, sealed: bytes, context: str) -> str:
        """Decrypt what `seal` made. Raises `SealBroken`."""
        cipher = self._ciphers.get(sealed[:_KEY_ID_BYTES])
        if cipher is None:
            raise SealBroken("no key for this value")
        body = sealed[_KEY_ID_BYTES:]
        try:
            plain = cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise SealBroken("altered, or another context") from None
        return plain.decode()

    def reveal(self, sealed: bytes | None, context: str, before: str | None = None) -> str | None:
        """Decrypt a value that may be absent; `before` is an older version's clear text. Raises `SealBroken`."""
        return before or None if sealed is None else self.open(sealed, context)

    def seal_json(self, value: Mapping[str, Any], context: str) -> bytes:
        """Encrypt a JSON object."""
        return self.seal(json.dumps(value, separators=(",", ":"), ensure_ascii=False), context)

    def open_json(self, sealed: bytes, context: str) -> dict[str, Any]:
        """Decrypt what `seal_json` made. Raises `SealBroken`."""
        value: dict[str, Any] = json.loads(self.open(sealed, context))
        return value

    def index(self, value: str, context: str) -> str:
        """Return the keyed hash by which `value` is found (hex, 256 bits)."""
        message = context.encode() + b"\0" + value.encode()
        return hmac.new(self._index_key, message, hashlib.sha256).hexdigest()

    def mac(self, value: str, context: str, key_id: str) -> str | None:
        """Return the HMAC-SHA256 (hex) of `value` under key `key_id`, None if no secret has that key."""
        key = self._mac_keys.get(key_id)
        if key is None:
            return None
        message = context.encode() + b"\0" + value.encode()
        return hmac.new(key, message, hashlib.sha256).hexdigest()
