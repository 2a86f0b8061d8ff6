"""The links by which an employer buys a lead, or several in one order: whoever holds it may pay, and nobody can make one.

The same lead has the same link every time, because a retried request to the payment provider has to
name the same address to come back to.
"""

import hmac
from uuid import UUID

from app.core.crypto import Keyring

_CONTEXT = "pay-link"
_ORDER_CONTEXT = "pay-order-link"
_ID_CHARACTERS = 32


def lead_token(keys: Keyring, match_id: UUID, buyer_id: UUID | None = None) -> str:
    """Return the token of the lead's payment link: the lead, and a keyed hash of it.

    With `buyer_id` it is for a member of a company's team, whose purchases are limited.
    """
    if buyer_id is None:
        return _token(keys, match_id, _CONTEXT)
    return f"{_token(keys, match_id, _member_context(buyer_id))}{buyer_id.hex}"


def _member_context(buyer_id: UUID) -> str:
    return f"{_CONTEXT}:{buyer_id.hex}"


def _token(keys: Keyring, thing: UUID, context: str) -> str:
    return thing.hex + keys.index(thing.hex, context)


def lead_of(keys: Keyring, token: str) -> UUID | None:
    """Return the lead a token is for, None for one that was not made here."""
    buyer_id = buyer_of(keys, token)
    if buyer_id is not None:
        return _named(keys, token[:-_ID_CHARACTERS], _member_context(buyer_id))
    return _named(keys, token, _CONTEXT)


def buyer_of(keys: Keyring, token: str) -> UUID | None:
    """Return the member of a team that a lead's token is for, None for one that is for the company."""
    try:
        buyer_id = UUID(hex=token[-_ID_CHARACTERS:])
    except ValueError:
        return None
    ours = _named(keys, token[:-_ID_CHARACTERS], _member_context(buyer_id))
    return buyer_id if ours is not None else None


def order_of(keys: Keyring, token: str) -> UUID | None:
    """Return the order a token is for, None for one that was not made here, or for a lead."""
    return _named(keys, token, _ORDER_CONTEXT)


def _named(keys: Keyring, token: str, context: str) -> UUID | None:
    try:
        thing = UUID(hex=token[:_ID_CHARACTERS])
    except ValueError:
        return None
    ours = _token(keys, thing, context).encode()
    return thing if hmac.compare_digest(ours, token.encode()) else None


def payment_link(keys: Keyring, base_url: str, match_id: UUID, buyer_id: UUID | None = None) -> str:
    """Return the address of the page on which the lead is paid, by a member of a team where one is named."""
    return f"{base_url}/pay/{lead_token(keys, match_id, buyer_id)}"


def order_link(keys: Keyring, base_url: str, order_id: UUID) -> str:
    """Return the address of the page on which all leads of the order are paid."""
    return f"{base_url}/pay/{_token(keys, order_id, _ORDER_CONTEXT)}"
