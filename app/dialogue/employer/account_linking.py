"""Who comes in as an employer: proving the phone, and choosing as whom to write. Pure.

An account that only names the phone may do nothing here. Its mailbox gets a code, and the code has to
come from the phone: so neither who wrote a stranger's number into an account nor who holds a number
that a stranger's account names gets any further.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from app.dialogue.context import Context, EmployerAccount, masked_email
from app.dialogue.effects import ProvePhone, SendPhoneCode, SetLanguage
from app.dialogue.employer import main_menu
from app.dialogue.flow import typed_choice
from app.dialogue.persona import WORKER, acting, undecided
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.onboarding import resume
from app.messaging.inbound import InboundKind
from app.nlu import job_request
from app.nlu.hiring_intent import guess_language, is_hiring
from app.nlu.intents import Intent
from app.nlu.normalize import has_devanagari, normalize, split_words
from app.nlu.vocabulary import phrase_set
from app.texts import catalogue
from app.texts.formatting import inert
from app.texts.message import ROW_TITLE_CHARACTERS, Row

_CODE: Final = re.compile(r"(?<!\d)(\d{3})[\s-]?(\d{3})(?!\d)")
_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,253}[^\s@.,;]")
_LEAST_LETTERS: Final = 4
"""So much of a company's name has to be written, where it is not the whole."""
_BEFORE_CONSENT: Final = frozenset({Ask.NOTHING, Ask.LANGUAGE, Ask.CONSENT})


def employer(message: Incoming) -> Turn | None:
    """Return what follows for somebody who writes as an employer, or might; None for all others."""
    state, context = message.state, message.context
    if message.tapped("contact") is not None and context.profile is not None:
        # Below a message to the worker whom somebody is.
        return None
    if context.language is None and context.employers and has_devanagari(message.text or ""):
        return _in_hindi(message)
    for understand in (_hat_tap, _proving, _whose, _words, _stranger):
        if (turn := understand(message)) is not None:
            return turn
    account = acting(state, context)
    if account is not None:
        return main_menu.turn(message, account)
    if undecided(state, context):
        return _which_hat(message)
    unknown = context.profile is None and not state.registering and state.persona != WORKER
    if not unknown or not context.employers or message.tapped("worker") == "yes":
        return None
    if message.has_intent(Intent.HUMAN) or message.tapped("menu") == "human":
        return main_menu.hand_over(message)
    if message.has_intent(Intent.LANGUAGE) or message.has_intent(Intent.LANGUAGE_NAME):
        return main_menu.choose_language(message)
    if (meant := _by_address(message)) is not None:
        return _ask_code(message, meant)
    return _not_understood(message) if _makes_no_sense(message) else _unproven(message)


def _in_hindi(message: Incoming) -> Turn | None:
    """Answer in Hindi who writes in it and has not chosen a language yet."""
    turn = employer(replace(message, context=replace(message.context, language="hi")))
    if turn is None:
        return None
    return replace(turn, effects=(SetLanguage("hi"), *turn.effects), language="hi")


# ── As whom ──────────────────────────────────────────────────────────────────────────────────────


def _hat_tap(message: Incoming) -> Turn | None:
    choice = message.tapped("hat")
    if choice is None:
        return None
    if choice == WORKER:
        return _as_worker(message)
    if any(account.proven and str(account.id) == choice for account in message.context.employers):
        return _wearing(message, choice)
    return _which_hat(message) if undecided(message.state, message.context) else None


def _words(message: Incoming) -> Turn | None:
    if message.state.registering:
        return None
    if message.has_intent(Intent.AS_WORKER) and message.context.employers:
        return _as_worker(message)
    wanted = message.has_intent(Intent.AS_EMPLOYER) or message.tapped("hire") == "switch"
    # Who may not post from here yet is told how it becomes possible.
    proven = any(account.proven for account in message.context.employers)
    if wanted or (message.has_intent(Intent.POST) and not proven):
        return _as_employer(message)
    return None


def _as_worker(message: Incoming) -> Turn:
    return resume(replace(message, state=replace(message.state.at(Ask.NOTHING), persona=WORKER)))


def _as_employer(message: Incoming) -> Turn:
    context = message.context
    proven = [account for account in context.employers if account.proven]
    if len(proven) == 1 and message.tapped("hire") is None:
        return _wearing(message, str(proven[0].id))
    if proven:
        return _which_hat(message)
    if context.employers:
        return _unproven(message)
    return Turn(message.state, (_how_to_register(context),))


def _how_to_register(context: Context) -> Reply:
    return Reply("employer_none", {"url": f"{context.base_url}/#employers"})


def _stranger(message: Incoming) -> Turn | None:
    """Tell somebody without an account, who needs people, how to get one, and register no worker."""
    context, text = message.context, message.text
    if context.employers or message.state.ask not in _BEFORE_CONSENT:
        return None
    agreed = context.profile is not None and context.profile.agreed
    if context.profile is None and message.tapped("menu") == "human":
        return main_menu.hand_over(message)
    if text is None or (agreed and message.state.registering):
        return None
    if not is_hiring(text, surely=agreed):
        return None
    if context.language is not None or guess_language(text) != "hi":
        return Turn(message.state, (_how_to_register(context),))
    return Turn(message.state, (_how_to_register(context),), (SetLanguage("hi"),), "hi")


def _wearing(message: Incoming, hat: str) -> Turn:
    state = replace(message.state.at(Ask.NOTHING), persona=hat)
    account = acting(state, message.context)
    return Turn(state, (main_menu.menu(account),) if account is not None else ())


def _which_hat(message: Incoming) -> Turn:
    context = message.context
    rows = [_row("hat", account) for account in context.employers if account.proven]
    rows.append(Row(f"hat:{WORKER}", catalogue.word(context.reply_language, "as_worker")))
    return Turn(replace(message.state.at(Ask.NOTHING), persona=""), (Reply("ask_hat", rows=rows),))


def _row(prefix: str, account: EmployerAccount) -> Row:
    title = inert(account.company, ROW_TITLE_CHARACTERS)
    return Row(f"{prefix}:{account.id}", title, account.email)


# ── Proving the phone ────────────────────────────────────────────────────────────────────────────


def _unproven(message: Incoming) -> Turn:
    asked = message.state.at(Ask.WHOSE)
    return Turn(asked, (_ask_whose(message.context, "employer_unproven"),))


def _ask_whose(context: Context, text: str = "employer_whose") -> Reply:
    rows = [_row("prove", account) for account in _unproven_of(context)]
    rows.append(Row("hat:worker", catalogue.word(context.reply_language, "find_me_work")))
    return Reply(text, rows=rows)


def _unproven_of(context: Context) -> list[EmployerAccount]:
    return [account for account in context.employers if not account.proven]


def _whose(message: Incoming) -> Turn | None:
    """Read what is written to the question whose account it is, in place of a tap."""
    text = message.text
    if message.state.ask is not Ask.WHOSE or text is None:
        return None
    accounts = _unproven_of(message.context)
    if typed_choice(message, _ask_whose(message.context)).tapped("hat") == WORKER:
        return _as_worker(message)
    if (
        message.has_intent(Intent.NOT_MINE)
        or message.has_intent(Intent.NO)
        or message.has_intent(Intent.AS_WORKER)
    ):
        return _as_worker(message)
    if (number := job_request.parse_count(text)) is not None and number <= len(accounts) + 1:
        # In the order in which they were shown, looking for work last.
        chosen = accounts[number - 1 : number]
        return _ask_code(message, chosen[0]) if chosen else _as_worker(message)
    meant = _named(text, accounts)
    if any(message.has_intent(yes) for yes in (Intent.YES, Intent.MINE, Intent.CODE)):
        meant = accounts
    if not meant:
        return None
    if len(meant) == 1:
        return _ask_code(message, meant[0])
    return Turn(message.state, (_ask_whose(message.context),))


def _named(text: str, accounts: Sequence[EmployerAccount]) -> Sequence[EmployerAccount]:
    """Return the accounts that are called so, or have such an address.

    An address is compared as it is shown: whether the rest is right tells nobody anything.
    """
    if address := _EMAIL.search(normalize(text)):
        return [account for account in accounts if account.email == masked_email(address[0])]
    name = phrase_set("polite", "before_name").without(split_words(text), ends_only=True)
    if not name:
        return ()
    called = [account for account in accounts if split_words(account.company) == name]
    if called or len("".join(name)) < _LEAST_LETTERS:
        return called
    return [account for account in accounts if split_words(account.company)[: len(name)] == name]


def _by_address(message: Incoming) -> EmployerAccount | None:
    """Return the account whose address somebody writes first of all, before they are asked whose it is."""
    text = message.text or ""
    if not _EMAIL.search(normalize(text)):
        return None
    meant = _named(text, _unproven_of(message.context))
    return meant[0] if len(meant) == 1 else None


def _makes_no_sense(message: Incoming) -> bool:
    """Whether the question whose account it is was answered by something else."""
    text = message.text
    if message.state.ask is not Ask.WHOSE:
        return False
    return text is None or not (message.intents or is_hiring(text))


def _not_understood(message: Incoming) -> Turn:
    if message.inbound.kind is not InboundKind.TEXT:
        return Turn(message.state, (Reply("cannot_read"), _ask_whose(message.context)))
    state: State = replace(message.state, misses=message.state.misses + 1)
    if state.misses >= main_menu.MISSES_BEFORE_HUMAN:
        return main_menu.hand_over(replace(message, state=state), "not_understood")
    return Turn(state, (Reply("not_understood"), _ask_whose(message.context)))


def _proving(message: Incoming) -> Turn | None:
    choice = message.tapped("prove")
    if choice is not None:
        account = _waiting(message.context, choice)
        return _menu_of(message) if account is None else _ask_code(message, account)
    if message.state.ask is not Ask.PROVE:
        return None
    account = _waiting(message.context, str(message.state.draft.get("employer", "")))
    text = message.text
    if account is None or text is None or message.state.draft.get("employer") is None:
        return None
    if code := _CODE.search(normalize(text)):
        return _prove(message, account, code[1] + code[2])
    if message.has_intent(Intent.AS_WORKER):
        return _as_worker(message)
    if message.has_intent(Intent.CODE):
        return _ask_code(message, account)
    if (
        message.has_intent(Intent.NO)
        or message.has_intent(Intent.SKIP)
        or message.has_intent(Intent.BACK)
    ):
        return _leave(message)
    if message.has_intent(Intent.HUMAN):
        return main_menu.hand_over(message)
    return Turn(message.state, (Reply("proof_wanted", _about(account)),))


def _waiting(context: Context, id_: str) -> EmployerAccount | None:
    return next((a for a in context.employers if str(a.id) == id_ and not a.proven), None)


def _menu_of(message: Incoming) -> Turn | None:
    """An old button, of an account that is proven by now; to anybody else it means nothing."""
    account = acting(message.state, message.context)
    return None if account is None else Turn(message.state, (main_menu.menu(account),))


def _ask_code(message: Incoming, account: EmployerAccount) -> Turn:
    if account.suspended:
        return Turn(message.state, (Reply("suspended"),))
    state = message.state.at(Ask.PROVE, employer=str(account.id))
    effect = SendPhoneCode(account.id)
    return Turn(state, (Reply("proof_sent", _about(account)),), (effect,), if_refused=state)


def _prove(message: Incoming, account: EmployerAccount, code: str) -> Turn:
    proven = replace(message.state.at(Ask.NOTHING), persona=str(account.id))
    told = (Reply("proof_done", _about(account)), main_menu.menu(account))
    return Turn(proven, told, (ProvePhone(UUID(str(account.id)), code),), if_refused=message.state)


def _leave(message: Incoming) -> Turn:
    state: State = message.state.at(Ask.NOTHING)
    if message.context.profile is not None:
        return resume(replace(message, state=state))
    return Turn(state, (Reply("kept"),))


def _about(account: EmployerAccount) -> dict[str, str]:
    return {"company": account.company, "email": account.email, "employer_id": str(account.id)}
