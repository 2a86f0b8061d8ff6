"""What somebody without a company has said beside the job, and the questions about it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from app.dialogue.context import Context
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply
from app.dialogue.worker.questions import good_name
from app.texts.formatting import inert
from app.texts.message import BUTTON_TITLE_CHARACTERS, Button, Row

SIGNING_UP: Final = frozenset({Ask.COMPANY, Ask.CONTACT_NAME, Ask.COMPANY_PHONE})
"""The questions beside those about the job."""
NEW_COMPANY: Final = "new_company"
"""Where the state's draft keeps it."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a newcomer has said beside the job."""

    company: str | None = None
    """None until told; "" for somebody who hires for themselves."""
    contact: str = ""
    messages: int = 0
    """How many messages they have written since the first text, that one included."""
    said: str = ""
    """A right name, while it is asked whether it is the company's or their own."""

    @classmethod
    def of(cls, state: State) -> Self:
        """Return what the state keeps."""
        kept = state.draft.get(NEW_COMPANY)
        kept = kept if isinstance(kept, Mapping) else {}
        company = kept.get("company")
        return cls(
            company=None if company is None else str(company),
            contact=str(kept.get("contact") or ""),
            messages=int(kept.get("messages") or 0),
            said=str(kept.get("said") or ""),
        )

    def as_json(self) -> dict[str, Any]:
        """Return what `of` reads back."""
        known = {"company": self.company, "contact": self.contact, "messages": self.messages}
        return {**known, "said": self.said} if self.said else known


def is_signing_up(state: State) -> bool:
    """Whether a newcomer's job is being put together."""
    return NEW_COMPANY in state.draft


def keep(state: State, newcomer: Newcomer) -> State:
    """Return the state with what the newcomer has said."""
    return replace(state, draft={**state.draft, NEW_COMPANY: newcomer.as_json()})


def missing_name(newcomer: Newcomer, context: Context) -> Ask:
    """Return the question about names that is open, or `JOB_RIGHT`."""
    if newcomer.company is None:
        return Ask.COMPANY
    if not newcomer.contact:
        return Ask.CONTACT_NAME
    return Ask.JOB_RIGHT if context.has_phone else Ask.COMPANY_PHONE


def names_read_back(newcomer: Newcomer, context: Context) -> Reply:
    """Return the names as they are read back, with the terms."""
    private = context.word("private_person")
    company = newcomer.company or private
    return Reply("company_right", {"company": company, "name": newcomer.contact})


def name_question(ask: Ask, context: Context, message: Incoming | None = None) -> Reply:
    """Return a question of `SIGNING_UP`; the name that the platform shows is proposed."""
    match ask:
        case Ask.COMPANY:
            return Reply("ask_company")
        case Ask.CONTACT_NAME:
            return ask_contact(context, message)
        case _:
            return Reply("ask_company_phone")


def ask_contact(context: Context, message: Incoming | None) -> Reply:
    """Ask for the newcomer's own name."""
    shown = (message.inbound.name if message is not None else None) or ""
    if not good_name(shown):
        return Reply("ask_contact_name")
    title = context.word("use_name").replace("{name}", inert(shown))
    if len(title) > BUTTON_TITLE_CHARACTERS:
        title = inert(shown, BUTTON_TITLE_CHARACTERS)
    return Reply("ask_contact_name", buttons=[Button("sign:profile", title)])


def with_names(reply: Reply, context: Context) -> Reply:
    """Add the names to the list of what can be changed."""
    more = [Row(f"sign:{name}", context.word(f"change_{name}")) for name in ("company", "contact")]
    return replace(reply, rows=[*reply.rows[: 10 - len(more)], *more])


def which_name(context: Context) -> Reply:
    """Ask which name is wrong."""
    names = ("company", "contact")
    buttons = [Button(f"sign:{name}", context.word(f"change_{name}")) for name in names]
    return Reply("which_name", buttons=buttons)
