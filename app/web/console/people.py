"""Workers and companies: who they are, corrections, what can be done to them, their data on request."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final
from uuid import UUID

from fastapi.encoders import jsonable_encoder
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import JSONResponse, Response

from app.api.admin import employers, personal_data, workers
from app.api.admin.employers import EmployerAction
from app.api.admin.personal_data import CompanyErasureRequest, ErasureRequest
from app.api.admin.workers import WorkerAction, WorkerCorrection
from app.api.http.dependencies import PageQuery, Read
from app.api.http.parameters import EmployerId, WorkerId
from app.catalogue import skills
from app.core.paging import PageRequest
from app.identity.models import UserStatus
from app.web.console.desk import (
    CorrectorDesk,
    DataDesk,
    Desk,
    ModeratorDesk,
    PeopleDesk,
    Show,
    next_case,
    room,
    rows_of,
    sent,
)
from app.web.console.history import history_of
from app.web.forms import Mistyped, TypedForm, checked
from app.web.site import words

router = room()

_CORRECTED: Final = ("name", "language", "city")
_EMPTIED: Final = ("bio", "city")
"""Fields whose empty box means that they are to be empty."""


# --- companies ------------------------------------------------------------------------------------


@router.get("/companies")
async def show_companies(
    desk: PeopleDesk, session: Read, listed: PageQuery, verified: str = "no"
) -> Response:
    """List companies, those to be checked first."""
    wanted = {"no": False, "yes": True}.get(verified)
    # Who has waited longest to be checked comes first.
    asked = desk.asks(session, listed, sort="created_at" if wanted is False else None)
    found = await employers.list_employers(asked, desk.actor, verified=wanted)
    return desk.page("companies.html", companies=rows_of(found), chosen=verified)


@router.get("/companies/{employer_id}")
async def show_company(desk: PeopleDesk, session: Read, employer_id: EmployerId) -> Response:
    """Show a company with what helps to check it; that it was looked at is logged."""
    return await _company(desk, employer_id, session, TypedForm())


async def _company(
    desk: Desk, employer_id: UUID, session: AsyncSession, form: TypedForm
) -> Response:
    found = await employers.get_employer(employer_id, session, desk.actor, desk.rt, desk.now)
    history = await history_of(desk, session, "employer", employer_id)
    in_queue = bool(form.get("next") or desk.request.query_params.get("next"))
    return desk.page(
        "company.html",
        status=form.status,
        company=found,
        form=form,
        history=history,
        in_queue=in_queue,
    )


@router.post("/companies/{employer_id}")
async def decide_company(desk: ModeratorDesk, employer_id: EmployerId) -> Response:
    """Verify, restrict, suspend, activate or sign out a company."""
    form = await desk.form()
    there = f"/console/companies/{employer_id}?done=decided"

    async def verb(session: AsyncSession) -> object:
        nonlocal there
        body = checked(EmployerAction, sent(form, "action", "reason"))
        done = await employers.act_on_employer(
            employer_id, body, session, desk.actor, desk.rt, desk.now
        )
        if form.get("next") and done.status is UserStatus.ACTIVE and not done.verified:
            there = f"/console/companies/{employer_id}?next=yes&done=decided"  # it waits still
        elif form.get("next"):
            asked = desk.asks(session, PageRequest(1), sort="created_at")
            waiting = await employers.list_employers(
                asked, desk.actor, UserStatus.ACTIVE, verified=False
            )
            there = next_case("/console/companies", rows_of(waiting), "decided")
        return done

    return await desk.do(form, verb, partial(_company, desk, employer_id), lambda: there)


@router.post("/companies/{employer_id}/erase")
async def erase_company(desk: DataDesk, employer_id: EmployerId) -> Response:
    """Erase a company on its request."""

    async def verb(session: AsyncSession, form: TypedForm) -> None:
        body = checked(
            CompanyErasureRequest,
            {"reason": form.get("reason"), "give_up_balance": bool(form.get("give_up_balance"))},
        )
        await personal_data.erase_employer_data(
            employer_id, body, session, desk.actor, desk.rt, desk.now
        )

    return await _erase(
        desk, f"/console/companies/{employer_id}", verb, partial(_company, desk, employer_id)
    )


@router.get("/companies/{employer_id}/export")
async def export_company(desk: DataDesk, session: Read, employer_id: EmployerId) -> Response:
    """Give a copy of everything kept about a company as a file."""
    data = await personal_data.export_employer_data(
        employer_id, session, desk.actor, desk.rt, desk.now, Response()
    )
    return _file(data, employer_id)


# --- workers --------------------------------------------------------------------------------------


@router.get("/workers/{worker_id}")
async def show_worker(desk: PeopleDesk, session: Read, worker_id: WorkerId) -> Response:
    """Show a worker; that they were looked at is logged."""
    return await _worker(desk, worker_id, session, TypedForm())


async def _worker(desk: Desk, worker_id: UUID, session: AsyncSession, form: TypedForm) -> Response:
    found = await workers.get_worker(worker_id, session, desk.actor, desk.rt, desk.now)
    return desk.page(
        "worker.html",
        status=form.status,
        worker=found,
        form=form,
        skills=skill_names(found.skills, desk.visitor.language),
        history=await history_of(desk, session, "worker", worker_id),
    )


def skill_names(slugs: list[str], language: str) -> str:
    """Return skills by their names, as they are typed into a form."""
    known = (skills.SKILLS.get(slug) for slug in slugs)
    named = [skill.name(language) if skill else "" for skill in known]
    return ", ".join(name or slug for name, slug in zip(named, slugs, strict=True))


@router.post("/workers/{worker_id}")
async def decide_worker(desk: ModeratorDesk, worker_id: WorkerId) -> Response:
    """Verify, suspend, activate or sign out a worker."""
    form = await desk.form()

    async def verb(session: AsyncSession) -> object:
        body = checked(WorkerAction, sent(form, "action", "reason"))
        return await workers.act_on_worker(worker_id, body, session, desk.actor, desk.rt, desk.now)

    return await desk.do(
        form, verb, partial(_worker, desk, worker_id), f"/console/workers/{worker_id}?done=decided"
    )


@router.post("/workers/{worker_id}/correct")
async def correct_worker(desk: CorrectorDesk, worker_id: WorkerId) -> Response:
    """Correct a worker's profile on their request: only what differs from the page is changed."""
    form = await desk.form()

    async def verb(session: AsyncSession) -> object:
        body = checked(
            WorkerCorrection, {"fields": _corrections(form, desk), "reason": form.get("reason")}
        )
        return await workers.correct_worker_profile(
            worker_id, body, session, desk.actor, desk.now, None
        )

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        return await _worker(desk, worker_id, session, _as_typed(refused))

    return await desk.do(form, verb, show, f"/console/workers/{worker_id}?done=corrected")


def _as_typed(form: TypedForm) -> TypedForm:
    """Return the form with its errors at the fields of the page."""
    errors = {name.removeprefix("fields."): said for name, said in form.errors.items()}
    of_one = next((said for name, said in errors.items() if name.startswith("skills.")), None)
    if of_one is not None:
        errors["skills"] = of_one
    return TypedForm(form.values, form.lists, errors, form.message, form.status)


def _corrections(form: TypedForm, desk: Desk) -> dict[str, Any]:
    """Return the fields that were typed otherwise than they were shown. Raises `Mistyped`."""
    language = desk.visitor.language
    values: dict[str, Any] = {
        name: form.get(name)
        for name in (*_CORRECTED, "bio")
        if name in form.values and form.values[name] != form.values.get(f"was_{name}")
    }
    values = {
        name: value for name, value in values.items() if value is not None or name in _EMPTIED
    }
    if form.get("experience_years") != form.get("was_experience_years"):
        values["experience_years"] = _number(form, "experience_years", language, int)
    if form.get("max_distance_km") != form.get("was_max_distance_km"):
        values["max_distance_km"] = _number(form, "max_distance_km", language, float)
    if form.get("skills") != form.get("was_skills"):
        values["skills"] = _skills(form, language)
    return values


def _number[Number: (int, float)](
    form: TypedForm, name: str, language: str, kind: type[Number]
) -> Number:
    try:
        return kind(form.get(name) or "")
    except ValueError:
        raise Mistyped.field(name, words(language, "invalid.int_parsing")) from None


def _skills(form: TypedForm, language: str) -> list[str]:
    found = []
    for typed in filter(None, (each.strip() for each in (form.get("skills") or "").split(","))):
        slug = skills.find_named(typed) or (typed if typed in skills.SKILLS else None)
        if slug is None:
            raise Mistyped.field("skills", words(language, "console.skill_unknown", name=typed))
        found.append(slug)
    return list(dict.fromkeys(found))


@router.post("/workers/{worker_id}/erase")
async def erase_worker(desk: DataDesk, worker_id: WorkerId) -> Response:
    """Erase a worker on their request."""

    async def verb(session: AsyncSession, form: TypedForm) -> None:
        body = checked(ErasureRequest, {"reason": form.get("reason")})
        await personal_data.erase_worker_data(
            worker_id, body, session, desk.actor, desk.rt, desk.now
        )

    return await _erase(
        desk, f"/console/workers/{worker_id}", verb, partial(_worker, desk, worker_id)
    )


@router.get("/workers/{worker_id}/export")
async def export_worker(desk: DataDesk, session: Read, worker_id: WorkerId) -> Response:
    """Give a copy of everything kept about a worker as a file."""
    data = await personal_data.export_worker_data(
        worker_id, session, desk.actor, desk.rt, desk.now, Response()
    )
    return _file(data, worker_id)


async def _erase(
    desk: Desk,
    of: str,
    erase: Callable[[AsyncSession, TypedForm], Awaitable[None]],
    show: Show,
) -> Response:
    """Erase whose page `of` is, once it was said that it can't be undone."""
    form = await desk.form()

    async def verb(session: AsyncSession) -> None:
        if not form.get("sure"):
            raise Mistyped.field("sure", words(desk.visitor.language, "console.sure_needed"))
        await erase(session, form)

    return await desk.do(form, verb, show, f"{of}?done=erased")


def _file(data: Any, user_id: UUID) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="partimer-{user_id}.json"',
        "Cache-Control": "no-store",
    }
    return JSONResponse(jsonable_encoder(data), headers=headers)
