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

from app.dialogue.employer import main_menu
from app.dialogue.employer.model import EmployerFacts, Prove, SendProof, masked_email
from app.dialogue.flow import said, says, tapped, typed_choice
from app.dialogue.model import Ask, Context, Heard, Say, SetLanguage, State, Turn
from app.dialogue.persona import WORKER, acting, undecided
from app.dialogue.worker.onboarding import resume
from app.messaging.inbound import InboundKind
from app.nlu import job_request
from app.nlu.hiring_intent import hires, speaks
from app.nlu.intents import Intent, around, folded, in_devanagari, intents, words_of
from app.texts import catalogue
from app.texts.formatting import inert
from app.texts.message import ROW_TITLE_CHARACTERS, Row

_CODE: Final = re.compile(r"(?<!\d)(\d{3})[\s-]?(\d{3})(?!\d)")
_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,253}[^\s@.,;]")
_LEAST_LETTERS: Final = 4
"""So much of a company's name has to be written, where it is not the whole."""
_BEFORE_CONSENT: Final = frozenset({Ask.NOTHING, Ask.LANGUAGE, Ask.CONSENT})


def employer(heard: Heard) -> Turn | None:
    """Return what follows for somebody who writes as an employer, or might; None for all others."""
    state, context = heard.state, heard.context
    if tapped(heard, "contact") is not None and context.profile is not None:
        # Below a message to the worker whom somebody is.
        return None
    if context.language is None and context.employers and in_devanagari(said(heard) or ""):
        return _in_hindi(heard)
    for understand in (_hat_tap, _proving, _whose, _words, _stranger):
        if (turn := understand(heard)) is not None:
            return turn
    account = acting(state, context)
    if account is not None:
        return main_menu.turn(heard, account)
    if undecided(state, context):
        return _which_hat(heard)
    unknown = context.profile is None and not state.registering and state.hat != WORKER
    if not unknown or not context.employers or tapped(heard, "worker") == "yes":
        return None
    if says(heard, Intent.HUMAN) or tapped(heard, "menu") == "human":
        return main_menu.hand_over(heard)
    if says(heard, Intent.LANGUAGE) or says(heard, Intent.LANGUAGE_NAME):
        return main_menu.choose_language(heard)
    if (meant := _by_address(heard)) is not None:
        return _ask_code(heard, meant)
    return _not_understood(heard) if _makes_no_sense(heard) else _unproven(heard)


def _in_hindi(heard: Heard) -> Turn | None:
    """Answer in Hindi who writes in it and has not chosen a language yet."""
    turn = employer(replace(heard, context=replace(heard.context, language="hi")))
    if turn is None:
        return None
    return replace(turn, effects=(SetLanguage("hi"), *turn.effects), language="hi")


# ── As whom ──────────────────────────────────────────────────────────────────────────────────────


def _hat_tap(heard: Heard) -> Turn | None:
    choice = tapped(heard, "hat")
    if choice is None:
        return None
    if choice == WORKER:
        return _as_worker(heard)
    if any(account.proven and str(account.id) == choice for account in heard.context.employers):
        return _wearing(heard, choice)
    return _which_hat(heard) if undecided(heard.state, heard.context) else None


def _words(heard: Heard) -> Turn | None:
    if heard.state.registering:
        return None
    if says(heard, Intent.AS_WORKER) and heard.context.employers:
        return _as_worker(heard)
    wanted = says(heard, Intent.AS_EMPLOYER) or tapped(heard, "hire") == "switch"
    # Who may not post from here yet is told how it becomes possible.
    proven = any(account.proven for account in heard.context.employers)
    if wanted or (says(heard, Intent.POST) and not proven):
        return _as_employer(heard)
    return None


def _as_worker(heard: Heard) -> Turn:
    return resume(replace(heard, state=replace(heard.state.at(Ask.NOTHING), hat=WORKER)))


def _as_employer(heard: Heard) -> Turn:
    context = heard.context
    proven = [account for account in context.employers if account.proven]
    if len(proven) == 1 and tapped(heard, "hire") is None:
        return _wearing(heard, str(proven[0].id))
    if proven:
        return _which_hat(heard)
    if context.employers:
        return _unproven(heard)
    return Turn(heard.state, (_how_to_register(context),))


def _how_to_register(context: Context) -> Say:
    return Say("employer_none", {"url": f"{context.base_url}/#employers"})


def _stranger(heard: Heard) -> Turn | None:
    """Tell somebody without an account, who needs people, how to get one, and register no worker."""
    context, text = heard.context, said(heard)
    if context.employers or heard.state.ask not in _BEFORE_CONSENT:
        return None
    agreed = context.profile is not None and context.profile.agreed
    if context.profile is None and tapped(heard, "menu") == "human":
        return main_menu.hand_over(heard)
    if text is None or (agreed and heard.state.registering):
        return None
    if not hires(text, surely=agreed):
        return None
    if context.language is not None or speaks(text) != "hi":
        return Turn(heard.state, (_how_to_register(context),))
    return Turn(heard.state, (_how_to_register(context),), (SetLanguage("hi"),), "hi")


def _wearing(heard: Heard, hat: str) -> Turn:
    state = replace(heard.state.at(Ask.NOTHING), hat=hat)
    account = acting(state, heard.context)
    return Turn(state, (main_menu.menu(account),) if account is not None else ())


def _which_hat(heard: Heard) -> Turn:
    context = heard.context
    rows = [_row("hat", account) for account in context.employers if account.proven]
    rows.append(Row(f"hat:{WORKER}", catalogue.word(context.said_in, "as_worker")))
    return Turn(replace(heard.state.at(Ask.NOTHING), hat=""), (Say("ask_hat", rows=rows),))


def _row(prefix: str, account: EmployerFacts) -> Row:
    title = inert(account.company, ROW_TITLE_CHARACTERS)
    return Row(f"{prefix}:{account.id}", title, account.email)


# ── Proving the phone ────────────────────────────────────────────────────────────────────────────


def _unproven(heard: Heard) -> Turn:
    asked = heard.state.at(Ask.WHOSE)
    return Turn(asked, (_ask_whose(heard.context, "employer_unproven"),))


def _ask_whose(context: Context, text: str = "employer_whose") -> Say:
    rows = [_row("prove", account) for account in _unproven_of(context)]
    rows.append(Row("hat:worker", catalogue.word(context.said_in, "find_me_work")))
    return Say(text, rows=rows)


def _unproven_of(context: Context) -> list[EmployerFacts]:
    return [account for account in context.employers if not account.proven]


def _whose(heard: Heard) -> Turn | None:
    """Read what is written to the question whose account it is, in place of a tap."""
    text = said(heard)
    if heard.state.ask is not Ask.WHOSE or text is None:
        return None
    accounts = _unproven_of(heard.context)
    if tapped(typed_choice(heard, _ask_whose(heard.context)), "hat") == WORKER:
        return _as_worker(heard)
    if says(heard, Intent.NOT_MINE) or says(heard, Intent.NO) or says(heard, Intent.AS_WORKER):
        return _as_worker(heard)
    if (number := job_request.count(text)) is not None and number <= len(accounts) + 1:
        # In the order in which they were shown, looking for work last.
        chosen = accounts[number - 1 : number]
        return _ask_code(heard, chosen[0]) if chosen else _as_worker(heard)
    meant = _named(text, accounts)
    if any(says(heard, yes) for yes in (Intent.YES, Intent.MINE, Intent.CODE)):
        meant = accounts
    if not meant:
        return None
    if len(meant) == 1:
        return _ask_code(heard, meant[0])
    return Turn(heard.state, (_ask_whose(heard.context),))


def _named(text: str, accounts: Sequence[EmployerFacts]) -> Sequence[EmployerFacts]:
    """Return the accounts that are called so, or have such an address.

    An address is compared as it is shown: whether the rest is right tells nobody anything.
    """
    if address := _EMAIL.search(folded(text)):
        return [account for account in accounts if account.email == masked_email(address[0])]
    name = around("polite", "before_name").without(words_of(text), ends_only=True)
    if not name:
        return ()
    called = [account for account in accounts if words_of(account.company) == name]
    if called or len("".join(name)) < _LEAST_LETTERS:
        return called
    return [account for account in accounts if words_of(account.company)[: len(name)] == name]


def _by_address(heard: Heard) -> EmployerFacts | None:
    """Return the account whose address somebody writes first of all, before they are asked whose it is."""
    text = said(heard) or ""
    if not _EMAIL.search(folded(text)):
        return None
    meant = _named(text, _unproven_of(heard.context))
    return meant[0] if len(meant) == 1 else None


def _makes_no_sense(heard: Heard) -> bool:
    """Whether the question whose account it is was answered by something else."""
    text = said(heard)
    if heard.state.ask is not Ask.WHOSE:
        return False
    return text is None or not (intents(text) or hires(text))


def _not_understood(heard: Heard) -> Turn:
    if heard.inbound.kind is not InboundKind.TEXT:
        return Turn(heard.state, (Say("cannot_read"), _ask_whose(heard.context)))
    state: State = replace(heard.state, misses=heard.state.misses + 1)
    if state.misses >= main_menu.MISSES_BEFORE_HUMAN:
        return main_menu.hand_over(replace(heard, state=state), "not_understood")
    return Turn(state, (Say("not_understood"), _ask_whose(heard.context)))


def _proving(heard: Heard) -> Turn | None:
    choice = tapped(heard, "prove")
    if choice is not None:
        account = _waiting(heard.context, choice)
        return _menu_of(heard) if account is None else _ask_code(heard, account)
    if heard.state.ask is not Ask.PROVE:
        return None
    account = _waiting(heard.context, str(heard.state.draft.get("employer", "")))
    text = said(heard)
    if account is None or text is None or heard.state.draft.get("employer") is None:
        return None
    if code := _CODE.search(folded(text)):
        return _prove(heard, account, code[1] + code[2])
    if says(heard, Intent.AS_WORKER):
        return _as_worker(heard)
    if says(heard, Intent.CODE):
        return _ask_code(heard, account)
    if says(heard, Intent.NO) or says(heard, Intent.SKIP) or says(heard, Intent.BACK):
        return _leave(heard)
    if says(heard, Intent.HUMAN):
        return main_menu.hand_over(heard)
    return Turn(heard.state, (Say("proof_wanted", _about(account)),))


def _waiting(context: Context, id_: str) -> EmployerFacts | None:
    return next((a for a in context.employers if str(a.id) == id_ and not a.proven), None)


def _menu_of(heard: Heard) -> Turn | None:
    """An old button, of an account that is proven by now; to anybody else it means nothing."""
    account = acting(heard.state, heard.context)
    return None if account is None else Turn(heard.state, (main_menu.menu(account),))


def _ask_code(heard: Heard, account: EmployerFacts) -> Turn:
    if account.suspended:
        return Turn(heard.state, (Say("suspended"),))
    state = heard.state.at(Ask.PROVE, employer=str(account.id))
    effect = SendProof(account.id)
    return Turn(state, (Say("proof_sent", _about(account)),), (effect,), if_refused=state)


def _prove(heard: Heard, account: EmployerFacts, code: str) -> Turn:
    proven = replace(heard.state.at(Ask.NOTHING), hat=str(account.id))
    told = (Say("proof_done", _about(account)), main_menu.menu(account))
    return Turn(proven, told, (Prove(UUID(str(account.id)), code),), if_refused=heard.state)


def _leave(heard: Heard) -> Turn:
    state: State = heard.state.at(Ask.NOTHING)
    if heard.context.profile is not None:
        return resume(replace(heard, state=state))
    return Turn(state, (Say("kept"),))


def _about(account: EmployerFacts) -> dict[str, str]:
    return {"company": account.company, "email": account.email, "employer_id": str(account.id)}
