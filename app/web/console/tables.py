"""Lists of administrators as pages, declared: columns, filters in the address, a file, and what can be done to a row."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin.lists import ListRequest
from app.core.schema import Page
from app.identity.permissions import Permission
from app.moderation.bulk import Target
from app.web.console.desk import Desk
from app.web.forms import TypedForm

type Kind = Literal["text", "when", "money", "number", "status", "yes", "code"]
type Read = Callable[[ListRequest, Desk, "Chosen"], Awaitable[Page[Any] | Response]]
type Do = Callable[[AsyncSession, Desk, UUID, TypedForm], Awaitable[object]]


@dataclass(frozen=True)
class Column:
    """One column: the attribute of a row, how it is shown, and where it leads."""

    name: str
    kind: Kind = "text"
    link: str = ""
    """Start of the address, to which `link_to` of the row is added."""
    link_to: str = "id"
    of: str = ""
    """The attribute, where it is not the name."""

    @property
    def label(self) -> str:
        """The key of its heading."""
        return f"console.column.{self.name}"


@dataclass(frozen=True)
class Filter:
    """One filter in the address: a choice of an enumeration, or words that are typed."""

    name: str
    choices: type[StrEnum] | None = None
    is_yes: bool = False
    """Yes or no."""
    is_id: bool = False


@dataclass(frozen=True)
class RowAction:
    """Something that can be done to a row."""

    name: str
    when: Callable[[Any], bool] = lambda _row: True
    takes_away: bool = False
    asks_why: bool = True
    """Whether a reason is asked for, and kept in the log."""


@dataclass(frozen=True)
class Chosen:
    """What was chosen of the filters, as the API takes it."""

    values: Mapping[str, Any]
    unread: frozenset[str] = frozenset()
    """Filters in which something stands that makes no sense."""

    def get(self, name: str) -> Any:
        """Return a filter's value, None where none was chosen."""
        return self.values.get(name)


@dataclass(frozen=True)
class Table:
    """One list."""

    name: str
    group: str
    permission: Permission
    read: Read
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    first: Mapping[str, str] = field(default_factory=dict)
    """Filters that are chosen where the address says nothing, so that what waits is seen first."""
    actions: tuple[RowAction, ...] = ()
    acting: Permission | None = None
    do: Do | None = None
    key: str = "id"
    """The attribute of a row that names it."""
    sorts: tuple[str, ...] = ()
    """Columns by which it can be sorted, as the API's list can."""
    first_sort: str = ""
    """The order where the address says none: of what waits, who has waited longest; "": the newest first."""
    bulk: Target | None = None
    """What its rows are of, where many can be chosen for one action."""

    @property
    def title(self) -> str:
        """The key of its name."""
        return f"console.list.{self.name}"

    def order(self, asked: Mapping[str, str]) -> str:
        """Return by which column it is sorted, as the API takes it; "" for the list's own order."""
        wanted = asked.get("sort", self.first_sort)
        return wanted if wanted.removeprefix("-") in self.sorts else ""

    def chosen(self, asked: Mapping[str, str]) -> tuple[dict[str, str], Chosen]:
        """Return the filters as they are shown, and as the API takes them."""
        names = [each.name for each in self.filters]
        if any(name in asked for name in names):
            # What is empty is named, too: it says "all" where a first choice would come back.
            shown = {name: asked.get(name, "").strip()[:120] for name in names}
        else:
            shown = dict(self.first)
        # The runbook says `open=true`, as the API does.
        shown |= {
            each.name: _AS_SHOWN.get(shown[each.name], shown[each.name])
            for each in self.filters
            if each.is_yes and each.name in shown
        }
        values = {each.name: _value(each, shown.get(each.name)) for each in self.filters}
        unread = {name for name, value in values.items() if value is None and shown.get(name)}
        return shown, Chosen(values, frozenset(unread))


_YES: Final = {"yes": True, "no": False}
_AS_SHOWN: Final = {"true": "yes", "false": "no"}


def _value(one: Filter, text: str | None) -> Any:
    if not text:
        return None
    if one.is_yes:
        return _YES.get(text)
    if one.choices is not None:
        return one.choices(text) if text in set(one.choices) else None
    if one.is_id:
        try:
            return UUID(text)
        except ValueError:
            return None
    return text
