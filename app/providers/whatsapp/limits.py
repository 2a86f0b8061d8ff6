"""The Graph API's forms of the limit of people a day that a business may write to first."""

import re
from typing import Any, Final

UNLIMITED: Final = 0
"""Any number of people."""
_ANY_NUMBER: Final = -1
"""No limit, in events of the older form."""
_NAMES: Final = (
    "whatsapp_business_manager_messaging_limit",
    "messaging_limit_tier",
    "current_limit",
    "max_daily_conversations_per_business",
    "max_daily_conversation_per_phone",
)
"""The fields with the limit, newest first: of the portfolio, of the number, in events."""


def people_a_day(value: dict[str, Any]) -> int | None:
    """Return how many people a day a node or event allows, `UNLIMITED`, or None if it names no limit."""
    return next((limit for name in _NAMES if (limit := _read(value.get(name))) is not None), None)


def _read(tier: Any) -> int | None:
    """Read a tier: `TIER_250`, `TIER_2K`, `TIER_UNLIMITED`, 2000, -1."""
    if isinstance(tier, int) and not isinstance(tier, bool):
        return tier if tier > 0 else (UNLIMITED if tier == _ANY_NUMBER else None)
    if not isinstance(tier, str):
        return None
    if tier.upper() == "TIER_UNLIMITED":
        return UNLIMITED
    found = re.fullmatch(r"(?:TIER_)?([0-9]{1,7})(K?)", tier.upper())
    return int(found[1]) * (1_000 if found[2] else 1) if found else None
