"""Every rate limit, in one table.

Per address means the client's address (its /64 for IPv6, which one household holds whole).
"""

import ipaddress
from collections.abc import Mapping

LIMITS: Mapping[str, str] = {
    # A code costs us money: an address may ask for few, a phone for fewer.
    "code:address": "10/hour",
    "code:phone": "3/hour",
    # Guessing passwords and codes.
    "login:address": "60/minute",
    "login:account": "10/minute",
    "refresh:address": "120/minute",
    "register_employer:address": "20/hour",
    "password:address": "20/hour",
    "password:account": "5/hour",
    "email:account": "3/hour",
    # Links are made of 256-bit seals; this only keeps guessing from costing us.
    "pay:address": "60/minute",
    # What a person does by hand, with room for programs.
    "write:account": "600/minute",
    "unlock:account": "60/minute",
    "trigger:account": "30/minute",
}


def address_key(host: str | None) -> str:
    """Return what counts as one address."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
