"""Every page of the console, group by group."""

from typing import Final

from app.web.console import (
    bulk,
    home,
    lists,
    market,
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
        people,
        money,
        reports,
        market,
        settings,
        team,
        bulk,
        lists,
    )
)
