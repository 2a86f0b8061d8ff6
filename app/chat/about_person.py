"""Language, consent, name and phone. Pure."""

import unicodedata
from typing import Final

from app.chat.flow import (
    answered,
    said,
    says,
    tapped,
)
from app.chat.model import (
    Agree,
    Ask,
    Context,
    Edit,
    Forget,
    Heard,
    Say,
    SetPhone,
    State,
    Turn,
)
from app.chat.understand import Command
from app.messaging import texts
from app.messaging.channels import (
    BUTTON_TITLE_CHARACTERS,
    Button,
    Row,
)
from app.messaging.inbound import InboundKind
from app.messaging.wording import inert

NAME_CHARACTERS: Final = 60
_IN_NAMES: Final = " .'’-\u200c\u200d"
"""What a name holds besides letters; the last two join Indian letters."""


def ask_language(_state: State, _context: Context) -> Say:
    """Ask this question."""
    known = [(code, texts.catalogue(code).name) for code in texts.languages()]
    if len(known) <= 3:
        buttons = [Button(f"language:{code}", name) for code, name in known]
        return Say("choose_language", buttons=buttons)
    return Say("choose_language", rows=[Row(f"language:{code}", name) for code, name in known[:10]])


def read_language(_heard: Heard) -> Turn | None:
    """Read an answer; None for what makes no sense."""
    # A choice of language is understood everywhere (`script`), so what comes here is none.
    return None


def ask_consent(_state: State, _context: Context) -> Say:
    """Ask this question."""
    return Say("ask_consent")


def read_consent(heard: Heard) -> Turn | None:
    """Read an answer; None for what makes no sense."""
    choice = tapped(heard, "consent")
    if choice == "yes" or says(heard, Command.YES):
        return answered(heard, Ask.CONSENT, Agree())
    if choice == "minor":
        return Turn(State(), (Say("minor"),), (Forget(),))
    if choice == "no" or says(heard, Command.NO):
        return Turn(State(), (Say("consent_declined"),), (Forget(),))
    return None


def ask_name(state: State, context: Context) -> Say:
    """Ask this question."""
    offered = str(state.draft.get("offered") or "") or (
        context.profile.name if context.profile else ""
    )
    if not good_name(offered):
        return Say("ask_name")
    title = texts.word(context.said_in, "use_name").replace("{name}", inert(offered))
    if len(title) > BUTTON_TITLE_CHARACTERS:
        title = inert(offered, BUTTON_TITLE_CHARACTERS)
    return Say("ask_name", buttons=[Button("name:profile", title)])


def read_name(heard: Heard) -> Turn | None:
    """Read an answer; None for what makes no sense."""
    text = said(heard)
    profile = heard.context.profile
    if tapped(heard, "name") == "profile" and profile is not None:
        return answered(heard, Ask.NAME, Edit({"name": profile.name}))
    if text is None:
        return None
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not good_name(name):
        return Turn(heard.state, (Say("name_bad"),))
    return answered(heard, Ask.NAME, Edit({"name": name}))


def good_name(name: str) -> bool:
    """Whether this can be a person's name: letters, their marks and joiners, one short line."""
    letters = sum(character.isalpha() for character in name)
    plain = all(
        character.isalpha()
        or unicodedata.category(character) in {"Mn", "Mc"}
        or character in _IN_NAMES
        for character in name
    )
    return letters > 0 and plain and len(name) <= NAME_CHARACTERS


def ask_phone(_state: State, _context: Context) -> Say:
    """Ask this question."""
    return Say("ask_phone")


def read_phone(heard: Heard) -> Turn | None:
    """Read an answer; None for what makes no sense."""
    phone = heard.inbound.phone
    if heard.inbound.kind is InboundKind.CONTACT and phone is not None:
        return answered(heard, Ask.PHONE, SetPhone(phone), before=(Say("phone_saved"),))
    if says(heard, Command.SKIP):
        return answered(heard, Ask.PHONE)
    return Turn(heard.state, (Say("phone_missing"), Say("ask_phone")))
