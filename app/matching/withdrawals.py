"""How often a yes is taken back, learned from those that were: the odds of somebody who stands by rest on it."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.matching.models import ResponseCurves
from app.matching.standby_odds import USUAL_WITHDRAWALS

KEY: Final = "withdraws"
"""Where the share stands among what was learned of how people answer."""
_EVIDENCE: Final = 30.0
"""Acceptances' worth of what is believed before any was seen."""


def withdrawal_share(kept: float, withdrawn: float) -> float:
    """Return the share of acceptances that are withdrawn, 0 to 1, from (decayed) counts; with few it stays near the usual."""
    seen = kept + withdrawn + _EVIDENCE
    return (withdrawn + _EVIDENCE * USUAL_WITHDRAWALS) / seen


async def find_withdrawal_share(session: AsyncSession) -> float:
    """Return the share that was learned; the usual one before any was, or where what is stored makes no sense."""
    values = await session.scalar(select(ResponseCurves.values).where(ResponseCurves.id == 1))
    learned = values.get(KEY) if isinstance(values, dict) else None
    # No number is between 0 and 1 unless it is finite.
    return learned if isinstance(learned, float) and 0 <= learned <= 1 else USUAL_WITHDRAWALS
