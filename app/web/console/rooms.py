"""Every page of the console, group by group."""

from typing import Final

from app.web.console import (
    bulk,
    home,
    lists,
    money,
    people,
    review,
    second_factor,
    settings,
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
        settings,
        bulk,
        lists,
    )
)
