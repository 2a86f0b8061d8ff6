"""How likely somebody who stands by gets a place. Pure.

A place becomes free when somebody who accepted withdraws before their contact is bought. Each does so with the same
chance, apart from the others.
"""

from typing import Final

USUAL_WITHDRAWALS: Final = 0.1
"""How likely an acceptance is withdrawn where little was seen yet."""


def standby_chance(
    accepted: int, ahead: int, open_places: int, withdraws: float = USUAL_WITHDRAWALS
) -> float:
    """Return how likely more people withdraw than wait ahead, less the places that are free already.

    `accepted` may still withdraw. Never falls with more of them, nor rises with more ahead.
    """
    needed = ahead + 1 - open_places
    if needed <= 0:
        return 1.0
    if needed > accepted:
        return 0.0
    below = [1.0] + [0.0] * (needed - 1)
    for _ in range(accepted):
        for count in range(needed - 1, 0, -1):
            below[count] += withdraws * (below[count - 1] - below[count])
        below[0] *= 1 - withdraws
    return min(max(1.0 - sum(below), 0.0), 1.0)
