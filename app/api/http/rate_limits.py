"""Every rate limit, in one table.

`address` is the client's address (for IPv6 its /64, which one household holds whole). `…_here` counts one phone
or account from one address, before the wider limit of that phone or account: so whoever names another's phone
uses up only their own share of its limit.
"""

import ipaddress
from collections.abc import Mapping

LIMITS: Mapping[str, str] = {
    # Each code costs us money.
    "code:address": "10/hour",
    "code:phone_here": "3/hour",
    "code:phone": "6/hour",
    # Guessing passwords; the waits that grow are in `identity.tries`. Guesses at a code are counted with
    # the code, five and five.
    "login:address": "60/minute",
    "login:phone_here": "10/minute",
    "login:account_here": "10/minute",
    "refresh:address": "120/minute",
    "register_employer:address": "20/hour",
    "password:address": "20/hour",
    "password:account_here": "5/hour",
    "password:account": "10/hour",
    "password_change:account": "5/hour",
    "second_factor:account": "20/hour",
    "email:account": "3/hour",
    # Whether somebody is a company here: enough for a worried person, too few to list numbers.
    "check:address": "20/hour",
    # Links are made of 256-bit seals; this only keeps guessing from costing us.
    "pay:address": "60/minute",
    # Work by hand, with room for programs.
    "write:account": "600/minute",
    "unlock:account": "60/minute",
    "trigger:account": "30/minute",
    "forecast:account": "60/minute",
    # Each sends a mail or a message to somebody who may not want it.
    "team:account": "30/hour",
    # Each takes a tenth of a second of the processor.
    "pdf:account": "60/minute",
    # Every report is read by a person of the team.
    "report:account": "20/hour",
}


def address_key(host: str | None) -> str:
    """Return the address, or the IPv6 network, that counts as one client."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
