"""The link by which an employer buys one lead: whoever holds it may pay, and nobody can make one.

The same lead has the same link every time, because a retried request to the payment provider has to
name the same address to come back to.
"""

import hmac
from uuid import UUID

from app.core.crypto import Keyring

_CONTEXT = "pay-link"
_ID_CHARACTERS = 32


def lead_token(keys: Keyring, match_id: UUID) -> str:
    """Return the token of the lead's payment link: the lead, and a keyed hash of it."""
    return match_id.hex + keys.index(match_id.hex, _CONTEXT)


def lead_of(keys: Keyring, token: str) -> UUID | None:
    """Return the lead a token is for, None for one that was not made here."""
    try:
        match_id = UUID(hex=token[:_ID_CHARACTERS])
    except ValueError:
        return None
    ours = lead_token(keys, match_id).encode()
    return match_id if hmac.compare_digest(ours, token.encode()) else None


def payment_link(keys: Keyring, base_url: str, match_id: UUID) -> str:
    """Return the address of the page on which the lead is paid."""
    return f"{base_url}/pay/{lead_token(keys, match_id)}"
