"""The signature of WhatsApp's webhooks, over the raw bytes of the body."""

import hashlib
import hmac

SIGNATURE_HEADER = "X-Hub-Signature-256"
_PREFIX = "sha256="


def signature_fits(secrets: str, body: bytes, signature: str | None) -> bool:
    """Whether `signature` (`sha256=…`) is HMAC-SHA256 of `body` under one of the secrets.

    Several secrets, separated by commas, count while one is being replaced. Takes the same time
    wherever the signatures differ.
    """
    given = (signature or "").encode("utf-8", "replace")
    fits = False
    for secret in secrets.replace(",", " ").split():
        made = _PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        fits |= hmac.compare_digest(made.encode(), given)
    return fits
