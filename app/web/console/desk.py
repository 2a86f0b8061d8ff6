"""An administrator's request: who asks, what they may do, and how a form is done or shown again."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin.lists import ListRequest
from app.api.http import idempotency
from app.api.http.dependencies import Now, Rt, writing
from app.core.paging import PageRequest
from app.core.schema import Page
from app.identity.actor import Actor
from app.identity.permissions import Permission, may
from app.reporting import message_figures
from app.runtime import Runtime
from app.web.forms import REFUSALS, TypedForm, once
from app.web.routes import PageRoute
from app.web.site import WAITING, SeeOther, page
from app.web.visitors import Console, Guest, Visitor

type Verb = Callable[[AsyncSession], Awaitable[object]]
type Show = Callable[[AsyncSession, TypedForm], Awaitable[Response]]


def room() -> APIRouter:
    """Return the router of one group of pages."""
    return APIRouter(prefix="/console", route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Desk:
    """One request of an administrator who may see the page."""

    request: Request
    visitor: Visitor
    actor: Actor
    rt: Runtime
    now: dt.datetime

    def may(self, permission: Permission) -> bool:
        """Whether the administrator's role includes this."""
        return may(self.actor.role, permission, self.actor.admin_role)

    def asks(
        self,
        session: AsyncSession,
        listed: PageRequest,
        *,
        as_csv: bool = False,
        sort: str | None = None,
    ) -> ListRequest:
        """Return the request of a list."""
        return ListRequest(session, self.rt, self.now, listed, as_csv, sort)

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        return page(
            self.request,
            self.visitor,
            f"console/{template}",
            status=status,
            may=self.may,
            permission=Permission,
            **values,
        )

    async def form(self) -> TypedForm:
        """Return the form that was sent."""
        return await TypedForm.read(self.request)

    async def do(
        self, form: TypedForm, verb: Verb, show: Show, then: str | Callable[[], str]
    ) -> Response:
        """Do `verb` in a transaction and lead to `then`; where it is refused, show the page with what is wrong.

        `then` may be known only once `verb` is done. A second press of the same button is led where the first was led.
        """
        try:
            async with writing(self.rt) as session:
                await once(self.request, session, str(self.actor.user_id), form, self.now)
                await verb(session)
                there = then if isinstance(then, str) else then()
                await self._keep(session, there)
        except REFUSALS as error:
            self.request.state.claim = None  # what was refused may be sent again
            said = form.refused(error, self.visitor.language)
            async with self.rt.database.read() as session:
                return await show(session, said)
        return SeeOther(there)

    async def _keep(self, session: AsyncSession, then: str) -> None:
        """Keep where this form led, in the transaction that does it."""
        claimed = getattr(self.request.state, "claim", None)
        if claimed is not None:
            await idempotency.store(session, claimed, SeeOther(then))
            self.request.state.claim = None


class _At(Console):
    """The dependency that gives the desk of who has `permission`."""

    async def __call__(  # type: ignore[override]
        self, request: Request, visitor: Guest, rt: Rt, now: Now
    ) -> Desk:
        """Return the desk. Raises `SignInNeeded`, `FactorNeeded` and `WrongRole`."""
        desk = Desk(request, visitor, await super().__call__(visitor, rt), rt, now)
        if desk.may(Permission.READ_CONVERSATIONS):
            # On every page, so that nobody waits unseen by who works on another.
            async with rt.database.read() as session:
                request.scope[WAITING] = await message_figures.waiting(session, now)
        return desk


def at(permission: Permission) -> Any:
    """Return the dependency of a page that requires `permission`."""
    return Depends(_At(permission))


AnyDesk = Annotated[Desk, at(Permission.BE_ADMIN)]
StatsDesk = Annotated[Desk, at(Permission.READ_STATS)]
PeopleDesk = Annotated[Desk, at(Permission.READ_PEOPLE)]
ModeratorDesk = Annotated[Desk, at(Permission.MODERATE_PEOPLE)]
CorrectorDesk = Annotated[Desk, at(Permission.CORRECT_PEOPLE)]
DataDesk = Annotated[Desk, at(Permission.KEEP_DATA_RIGHTS)]
BulkDesk = Annotated[Desk, at(Permission.ACT_IN_BULK)]
JobDesk = Annotated[Desk, at(Permission.READ_JOBS)]
WaveDesk = Annotated[Desk, at(Permission.TRIGGER_MATCHING)]
JobModeratorDesk = Annotated[Desk, at(Permission.MODERATE_JOBS)]
TalkDesk = Annotated[Desk, at(Permission.READ_CONVERSATIONS)]
AnswerDesk = Annotated[Desk, at(Permission.CONVERSE)]
RetryDesk = Annotated[Desk, at(Permission.RETRY_MESSAGES)]
TeamDesk = Annotated[Desk, at(Permission.MANAGE_ADMINS)]
MoneyDesk = Annotated[Desk, at(Permission.READ_MONEY)]
MoverDesk = Annotated[Desk, at(Permission.MOVE_MONEY)]
SettingsDesk = Annotated[Desk, at(Permission.READ_SETTINGS)]
SettingsChangeDesk = Annotated[Desk, at(Permission.CHANGE_SETTINGS)]


def rows_of[Row](found: Page[Row] | Response) -> Page[Row]:
    """Return the page of a list that was not asked for as a file."""
    if isinstance(found, Response):
        raise TypeError("a page was asked for, not a file")
    return found


def next_case(queue: str, waiting: Page[Any], otherwise: str, of: str = "") -> str:
    """Return where to go on after a decision: to the next case, whose pages begin with `of`, else with `queue`.

    Where none is left it is the queue itself, which says by `otherwise` what was done.
    """
    if not waiting.items:
        return f"{queue}{'&' if '?' in queue else '?'}done={otherwise}"
    return f"{of or queue}/{waiting.items[0].id}?next=yes&done=next_case"


def sent(form: TypedForm, *names: str) -> dict[str, str | None]:
    """Return these fields of a form as typed, "" where nothing was chosen for an action, else None."""
    return {name: form.get(name) or ("" if name == "action" else None) for name in names}
