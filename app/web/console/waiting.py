"""Who waits for a person, and the conversation with what is known about them beside it."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin import conversations
from app.api.admin.conversations import ReplyRequest
from app.api.http.dependencies import PageQuery, Read
from app.api.http.parameters import ConversationId
from app.core.paging import PageRequest
from app.identity.models import Role
from app.reporting import person_context
from app.web.console.desk import AnswerDesk, Desk, TalkDesk, next_case, room, rows_of
from app.web.forms import TypedForm, checked
from app.web.site import SeeOther, fragment, words

router = room()

_LINES = 50
_CANNED = ("looking", "tell_more", "code", "fee", "offer", "done")
"""Replies that are ready, by the name of their text."""


async def _waiting(desk: Desk, session: AsyncSession, listed: PageRequest) -> dict[str, Any]:
    """Return what the table shows: one page of those who wait, and where it begins."""
    asked = desk.asks(session, listed)
    people = rows_of(await conversations.list_conversations(asked, desk.actor, True, None))
    return {"people": people, "cursor": listed.cursor}


@router.get("/waiting")
async def show_waiting(desk: TalkDesk, session: Read, listed: PageQuery) -> Response:
    """List who waits for a person: first who calls for help, then the longest waiting."""
    return desk.page("waiting.html", **await _waiting(desk, session, listed))


@router.get("/waiting/now")
async def show_waiting_now(desk: TalkDesk, session: Read, listed: PageQuery) -> Response:
    """Return only the table, which an open page asks for again and again."""
    found = await _waiting(desk, session, listed)
    return _part(desk, "console/waiting_table.html", **found)


@router.get("/waiting/count/now")
async def show_count_now(desk: TalkDesk) -> Response:
    """Return only how many wait, which every open page of the console asks for again and again."""
    return _part(desk, "parts/waiting_count.html")


def _part(desk: Desk, template: str, **values: Any) -> Response:
    html = fragment(desk.request, desk.visitor, template, **values)
    return Response(html, media_type="text/html", headers={"Cache-Control": "no-store"})


@router.get("/waiting/{conversation_id}")
async def show_conversation(
    desk: TalkDesk, session: Read, conversation_id: ConversationId, canned: str = ""
) -> Response:
    """Show one conversation, to be taken, answered and handed back; `canned` puts a ready reply into the box."""
    form = TypedForm()
    if canned in _CANNED:
        language = await _language(desk, session, conversation_id)
        form = TypedForm({"text": words(language, f"console.canned.{canned}")})
    return await _page(desk, session, conversation_id, form)


async def _language(desk: Desk, session: AsyncSession, conversation_id: UUID) -> str:
    """Return the language that this person is written to in."""
    person = await conversations.get_conversation(conversation_id, session, desk.actor, desk.now)
    return person.language or desk.visitor.language


async def _page(
    desk: Desk, session: AsyncSession, conversation_id: UUID, form: TypedForm
) -> Response:
    person = await conversations.get_conversation(conversation_id, session, desk.actor, desk.now)
    said = await conversations.list_conversation_messages(
        conversation_id, session, desk.actor, desk.rt, PageRequest(_LINES)
    )
    around = None
    if person.user_id is not None and person.role is not None:
        around = await person_context.around(session, person.user_id, Role(person.role))
    theirs = person.language or desk.visitor.language
    return desk.page(
        "conversation.html",
        status=form.status,
        person=person,
        said=list(reversed(said.items)),
        around=around,
        form=form,
        canned=[(each, words(theirs, f"console.canned.{each}")) for each in _CANNED],
        theirs=theirs,
        mine=person.held_by == desk.actor.user_id,
    )


@router.get("/waiting/{conversation_id}/now")
async def show_conversation_now(
    desk: TalkDesk, session: Read, conversation_id: ConversationId
) -> Response:
    """Return only what was said, which an open page asks for again and again."""
    said = await conversations.list_conversation_messages(
        conversation_id, session, desk.actor, desk.rt, PageRequest(_LINES)
    )
    return _part(
        desk,
        "console/conversation_lines.html",
        said=list(reversed(said.items)),
        conversation_id=conversation_id,
    )


@router.post("/waiting/{conversation_id}/{step}")
async def step_conversation(
    desk: AnswerDesk, conversation_id: ConversationId, step: str
) -> Response:
    """Take a conversation, answer in it, or hand it back to the bot."""
    form = await desk.form()
    here = there = f"/console/waiting/{conversation_id}"

    async def verb(session: AsyncSession) -> object:
        nonlocal there
        actor, now = desk.actor, desk.now
        if step == "take":
            return await conversations.take_conversation(conversation_id, session, actor, now)
        if step == "hand-back":
            done = await conversations.hand_back_conversation(conversation_id, session, actor, now)
            asked = desk.asks(session, PageRequest(1))
            waiting = rows_of(await conversations.list_conversations(asked, actor, True, None))
            there = next_case("/console/waiting", waiting, "handed_back")
            return done
        body = checked(ReplyRequest, {"text": form.get("text") or ""})
        return await conversations.reply_to_conversation(
            conversation_id, body, session, actor, now, None
        )

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        return await _page(desk, session, conversation_id, refused)

    if step not in {"take", "reply", "hand-back"}:
        return SeeOther(here)
    return await desk.do(form, verb, show, lambda: there)
