"""Settings with what each means, the effect shown before it is saved, the history, and undoing one change."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin import settings, settings_history
from app.api.admin.settings import PolicyChanges
from app.api.http.csv_export import AsCsv
from app.api.http.dependencies import PageQuery, Read
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.paging import PageRequest
from app.policy import policy as policy_in_force
from app.policy.policy import Policy
from app.web.console.desk import Desk, SettingsChangeDesk, SettingsDesk, room, rows_of
from app.web.console.setting_fields import SettingField, changes_of, fields_of
from app.web.forms import REFUSALS, TypedForm
from app.web.site import SeeOther

router = room()

SECTIONS: Final = tuple(Policy.model_fields)

Section = Annotated[str, Path(max_length=40)]


@router.get("/settings")
async def show_settings(desk: SettingsDesk, session: Read) -> Response:
    """Show every section of the settings with its values."""
    policy = await settings.get_settings(session, desk.actor)
    values = policy.model_dump(mode="json")
    shown = [(name, fields_of(name, values[name])) for name in SECTIONS]
    return desk.page("settings.html", sections=shown)


@router.get("/settings/history")
async def show_history(
    desk: SettingsDesk, session: Read, listed: PageQuery, as_csv: AsCsv
) -> Response:
    """List the changes, newest first, each to be undone."""
    return await _history(desk, session, listed, TypedForm(), as_csv=as_csv)


async def _history(
    desk: Desk,
    session: AsyncSession,
    listed: PageRequest,
    form: TypedForm,
    *,
    as_csv: bool = False,
) -> Response:
    asked = desk.asks(session, listed, as_csv=as_csv)
    found = await settings_history.list_settings_changes(asked, desk.actor)
    if isinstance(found, Response):
        return found
    return desk.page("settings_history.html", status=form.status, changes=rows_of(found), form=form)


@router.post("/settings/history/{change_id}/undo")
async def undo_change(desk: SettingsChangeDesk, change_id: UUID) -> Response:
    """Take one change back, as a new one."""
    form = await desk.form()

    async def verb(session: AsyncSession) -> object:
        return await settings_history.undo_settings_change(
            change_id, session, desk.actor, desk.rt, desk.now, None
        )

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        return await _history(desk, session, PageRequest(), refused)

    return await desk.do(form, verb, show, "/console/settings/history?done=undone")


@router.get("/settings/{section}")
async def show_section(desk: SettingsDesk, session: Read, section: Section) -> Response:
    """Show one section, to be changed."""
    return await _section(desk, session, section, TypedForm())


async def _section(desk: Desk, session: AsyncSession, section: str, form: TypedForm) -> Response:
    if section not in SECTIONS:
        raise NotFound
    policy = await settings.get_settings(session, desk.actor)
    fields = fields_of(section, policy.model_dump(mode="json")[section])
    return desk.page(
        "settings_section.html", status=form.status, section=section, fields=fields, form=form
    )


def _of_section(form: TypedForm, section: str, known: Mapping[str, SettingField]) -> TypedForm:
    """Return the form with its errors at the fields of the page."""
    errors: dict[str, str] = {}
    for path, said in form.errors.items():
        name = path if section in known else path.removeprefix(f"{section}.")
        while name not in known and "." in name:
            name = name.rpartition(".")[0]
        errors.setdefault(name, said)
    return TypedForm(form.values, form.lists, errors, form.message, form.status)


@router.post("/settings/{section}")
async def change_section(desk: SettingsChangeDesk, section: Section) -> Response:
    """Show what the typed values would do; with `save`, put them in force."""
    if section not in SECTIONS:
        raise NotFound
    form = await desk.form()

    def body(policy: Policy) -> PolicyChanges:
        fields = fields_of(section, policy.model_dump(mode="json")[section])
        return PolicyChanges.model_validate({section: changes_of(fields, form)})

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        policy = await settings.get_settings(session, desk.actor)
        known = {
            each.name: each for each in fields_of(section, policy.model_dump(mode="json")[section])
        }
        return await _section(desk, session, section, _of_section(refused, section, known))

    if form.get("save"):

        async def verb(session: AsyncSession) -> object:
            sent = body(await policy_in_force.lock(session))
            return await settings.update_settings(sent, session, desk.actor, desk.now, desk.rt)

        return await desk.do(form, verb, show, "/console/settings?done=settings_saved")
    async with desk.rt.database.read() as session:
        try:
            sent = body(await settings.get_settings(session, desk.actor))
            seen = await settings_history.preview_settings(sent, session, desk.actor, desk.rt)
        except REFUSALS as error:
            return await show(session, form.refused(error, desk.visitor.language))
    if not seen.changes:
        return SeeOther(f"/console/settings/{section}?done=nothing_changed")
    return _effect(desk, section, form, seen)


def _effect(desk: Desk, section: str, form: TypedForm, seen: Any) -> Response:
    typed = {
        name: value for name, value in form.values.items() if name not in {"form_token", "once"}
    }
    return desk.page(
        "settings_effect.html", section=section, seen=seen, typed=typed, key=str(new_id())
    )
