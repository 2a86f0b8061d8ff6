"""Every page of the console, group by group."""

from typing import Final

from app.web.console import (
    asking,
    bulk,
    home,
    lists,
    market,
    merging,
    money,
    people,
    reports,
    review,
    second_factor,
    settings,
    team,
    waiting,
)

ROUTERS: Final = tuple(
    group.router
    for group in (
        home,
        second_factor,
        waiting,
        review,
        asking,
        people,
        merging,
        money,
        reports,
        market,
        settings,
        team,
        bulk,
        lists,
    )
)
