"""Links a phone to employer accounts: proving the phone, and choosing as whom to write. Pure.

An account that only names the phone may do nothing here, and who has none opens a company of their own
(`sign_up`). A code goes to the account's mailbox and has to
come back from the phone. So neither an account that names a stranger's number nor the holder of a number
that a stranger's account names gets any further.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from app.dialogue.choices import as_tap
from app.dialogue.context import Context, EmployerAccount, masked_email
from app.dialogue.effects import ProvePhone, SendPhoneCode, SetLanguage
from app.dialogue.employer import posting, sign_up
from app.dialogue.employer.conversation import EMPLOYER, choose_language, menu
from app.dialogue.employer.message import EmployerMessage, spelled_if_missed
from app.dialogue.employer.newcomer import is_signing_up
from app.dialogue.engine import Persona, Reader, follow_intent, follow_tap, hand_over, respond
from app.dialogue.persona import WORKER, acting_account, must_choose_persona
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.onboarding import resume
from app.messaging.inbound import InboundKind
from app.nlu import head_count
from app.nlu.hiring_intent import is_hiring
from app.nlu.intents import Intent
from app.nlu.job_draft import Draft
from app.nlu.normalize import has_devanagari, normalize, split_words
from app.nlu.offer_reply import parse_offer_reply
from app.nlu.vocabulary import phrase_set
from app.nlu.worker_frame import introduces_worker
from app.texts.formatting import inert
from app.texts.message import ROW_TITLE_CHARACTERS, Row

_CODE: Final = re.compile(r"(?<!\d)(\d{3})[\s-]?(\d{3})(?!\d)")
_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,253}[^\s@.,;]")
_LEAST_LETTERS: Final = 4
"""The shortest beginning of a company's name that is accepted for the name."""
_BEFORE_CONSENT: Final = frozenset({Ask.NOTHING, Ask.LANGUAGE, Ask.CONSENT})


def employer(message: Incoming) -> Turn | None:
    """Return what follows for somebody who writes, or may write, as an employer; None for all others."""
    state, context = message.state, message.context
    if message.tapped("contact") is not None and context.profile is not None:
        # A tap below a message to the worker.
        return None
    if context.language is None and context.employers and has_devanagari(message.text or ""):
        return _in_hindi(message)
    if is_signing_up(message.state) and context.proven:
        return _with_company(message)
    signing_up = (_persona_tap, _worker_words, sign_up.read_sign_up)
    others = (_persona_tap, _proving, _whose, _persona_words, _stranger)
    for read in signing_up if is_signing_up(message.state) else others:
        if (turn := read(message)) is not None:
            return turn
    if (account := acting_account(state, context)) is not None:
        return spelled_if_missed(
            EmployerMessage.of(message, account), lambda read: respond(read, EMPLOYER)
        )
    if must_choose_persona(state, context):
        return _ask_persona(message)
    unknown = context.profile is None and not state.registering and state.persona != WORKER
    if not unknown or not context.employers or message.tapped("worker") == "yes":
        return None
    return respond(message, _UNPROVEN)


def _in_hindi(message: Incoming) -> Turn | None:
    """Answer in Hindi whoever writes in Devanagari before they chose a language."""
    turn = employer(replace(message, context=replace(message.context, language="hi")))
    if turn is None:
        return None
    return replace(turn, effects=(SetLanguage("hi"), *turn.effects), language="hi")


# ── As whom ──────────────────────────────────────────────────────────────────────────────────────


def _persona_tap(message: Incoming) -> Turn | None:
    choice = message.tapped("hat")
    if choice is None:
        return None
    if choice == WORKER:
        return _as_worker(message)
    if any(str(account.id) == choice for account in message.context.proven):
        return _as_account(message, choice)
    return _ask_persona(message) if must_choose_persona(message.state, message.context) else None


def _persona_words(message: Incoming) -> Turn | None:
    if message.state.registering and message.state.ask not in _BEFORE_CONSENT:
        return None
    if message.has_intent(Intent.AS_WORKER) and message.context.employers:
        return _as_worker(message)
    wanted = (
        message.has_intent(Intent.AS_EMPLOYER)
        or message.tapped("hire") == "switch"
        or (message.tapped("post") == "new" and not message.context.proven)
    )
    # Somebody who may not post from this phone yet is told how to.
    if wanted or (message.has_intent(Intent.POST) and not message.context.proven):
        return _as_employer(message)
    return None


def _worker_words(message: Incoming) -> Turn | None:
    """Let somebody who writes a job look for work instead."""
    return _as_worker(message) if message.has_intent(Intent.AS_WORKER) else None


def _with_company(message: Incoming) -> Turn | None:
    """Go on with a newcomer's job for the company that their phone acts for by now."""
    state = sign_up.without_newcomer(message.state)
    proven = message.context.proven
    if len(proven) == 1:
        state = replace(state, persona=str(proven[0].id))
    return employer(replace(message, state=state))


def _as_worker(message: Incoming) -> Turn:
    return resume(replace(message, state=replace(message.state.at(Ask.NOTHING), persona=WORKER)))


def _as_employer(message: Incoming) -> Turn:
    context = message.context
    proven = context.proven
    if len(proven) == 1 and message.tapped("hire") is None:
        return _as_account(message, str(proven[0].id))
    if proven:
        return _ask_persona(message)
    if context.employers:
        return _unproven(message)
    return sign_up.begin(message, Draft())


def _stranger(message: Incoming) -> Turn | None:
    """Begin the job of somebody who hires and has no account; register no worker."""
    context, text = message.context, message.text
    if context.employers:
        return None
    agreed = context.profile is not None and context.profile.agreed
    if context.profile is None and message.tapped("menu") == "human":
        return hand_over(message)
    if text is None or not is_hiring(text, surely=agreed) or introduces_worker(text):
        return None
    if message.context.open_offers and parse_offer_reply(text) is not None:
        # "theek hai lekin 500 chahiye" is about the offer's pay.
        return None
    # Amid a registration "2 years as a waiter" is an answer: only a whole job is one.
    if message.state.ask not in _BEFORE_CONSENT and not sign_up.is_whole_job(message):
        return None
    return sign_up.begin(message)


def _as_account(message: Incoming, persona: str) -> Turn:
    state = replace(message.state.at(Ask.NOTHING), persona=persona)
    account = acting_account(state, message.context)
    return Turn(state, (menu(account),) if account is not None else ())


def _ask_persona(message: Incoming) -> Turn:
    context = message.context
    rows = [_row("hat", account) for account in context.proven]
    rows.append(Row(f"hat:{WORKER}", context.word("as_worker")))
    return Turn(replace(message.state.at(Ask.NOTHING), persona=""), (Reply("ask_hat", rows=rows),))


def _row(prefix: str, account: EmployerAccount) -> Row:
    title = inert(account.company, ROW_TITLE_CHARACTERS)
    return Row(f"{prefix}:{account.id}", title, account.email)


# ── Proving the phone ────────────────────────────────────────────────────────────────────────────


def _unproven(message: Incoming) -> Turn:
    """Ask whose account it is; a job in the message is kept meanwhile."""
    draft = sign_up.find_newcomers_job(message)
    kept = message.state.draft if draft is None else {"job": draft.as_json()}
    asked = message.state.at(Ask.WHOSE, **_job_in(kept))
    return Turn(asked, (_ask_whose(message.context, "employer_unproven"),))


def _job_in(draft: Mapping[str, Any]) -> dict[str, Any]:
    return {"job": draft["job"]} if "job" in draft else {}


def _kept_job(message: Incoming) -> Draft | None:
    kept = message.state.draft.get("job")
    return Draft.from_json(kept) if isinstance(kept, Mapping) else None


def _ask_whose(context: Context, text: str = "employer_whose") -> Reply:
    rows = [_row("prove", account) for account in context.unproven]
    rows.append(Row("hire:new", context.word("my_own_company")))
    rows.append(Row("hat:worker", context.word("find_me_work")))
    return Reply(text, rows=rows)


def _new_company(message: Incoming) -> Turn:
    """Open a company of their own, whoever else names their phone."""
    return sign_up.begin(message, _kept_job(message) or Draft())


def _whose(message: Incoming) -> Turn | None:
    """Read a tap on a company of one's own, or a written answer to the question whose account it is."""
    if message.tapped("hire") == "new":
        return None if message.context.proven else _new_company(message)
    text = message.text
    if message.state.ask is not Ask.WHOSE or text is None:
        return None
    accounts = message.context.unproven
    typed = as_tap(message, _ask_whose(message.context))
    if typed.tapped("hire") == "new" and not message.context.proven:
        return _new_company(message)
    if typed.tapped("hat") == WORKER or message.has_intent(Intent.AS_WORKER):
        return _as_worker(message)
    if message.has_intent(Intent.NOT_MINE, Intent.NO):
        # Who wrote a job hires people, for another company than those.
        return _new_company(message) if _kept_job(message) else _as_worker(message)
    if (number := head_count.parse_count(text)) is not None and number <= len(accounts) + 2:
        # By their order in the list, whose last rows are "my own company" and "find me work".
        if number <= len(accounts):
            return _ask_code(message, accounts[number - 1])
        return _new_company(message) if number == len(accounts) + 1 else _as_worker(message)
    matching = _named(text, accounts)
    if message.has_intent(Intent.YES, Intent.MINE, Intent.CODE):
        matching = accounts
    if not matching:
        return None
    if len(matching) == 1:
        return _ask_code(message, matching[0])
    return Turn(message.state, (_ask_whose(message.context),))


def _named(text: str, accounts: Sequence[EmployerAccount]) -> Sequence[EmployerAccount]:
    """Return the accounts of this name or address.

    Addresses are compared as they are shown, masked, so that a guess at the rest reveals nothing.
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
    """Return the account whose address somebody writes before they are asked whose it is."""
    text = message.text or ""
    if not _EMAIL.search(normalize(text)):
        return None
    matching = _named(text, message.context.unproven)
    return matching[0] if len(matching) == 1 else None


def _proving(message: Incoming) -> Turn | None:
    choice = message.tapped("prove")
    if choice is not None:
        account = _find_unproven(message.context, choice)
        return _menu_of(message) if account is None else _ask_code(message, account)
    if message.state.ask is not Ask.PROVE:
        return None
    account = _find_unproven(message.context, str(message.state.draft.get("employer", "")))
    text = message.text
    if account is None or text is None or message.state.draft.get("employer") is None:
        return None
    if code := _CODE.search(normalize(text)):
        return _prove(message, account, code[1] + code[2])
    if message.has_intent(Intent.AS_WORKER):
        return _as_worker(message)
    if message.has_intent(Intent.CODE):
        return _ask_code(message, account)
    if message.has_intent(Intent.NO, Intent.SKIP, Intent.BACK):
        return _leave(message)
    if message.has_intent(Intent.HUMAN):
        return hand_over(message)
    return Turn(message.state, (Reply("proof_wanted", _about(account)),))


def _find_unproven(context: Context, id_: str) -> EmployerAccount | None:
    return next((account for account in context.unproven if str(account.id) == id_), None)


def _menu_of(message: Incoming) -> Turn | None:
    """Answer an old button of an account that is proven by now."""
    account = acting_account(message.state, message.context)
    return None if account is None else Turn(message.state, (menu(account),))


def _ask_code(message: Incoming, account: EmployerAccount) -> Turn:
    if account.suspended:
        return Turn(message.state, (Reply("suspended"),))
    kept = _job_in(message.state.draft)
    state = message.state.at(Ask.PROVE, employer=str(account.id), **kept)
    effect = SendPhoneCode(account.id)
    return Turn(state, (Reply("proof_sent", _about(account)),), (effect,), if_refused=state)


def _prove(message: Incoming, account: EmployerAccount, code: str) -> Turn:
    proven = replace(message.state.at(Ask.NOTHING), persona=str(account.id))
    effects = (ProvePhone(account.id, code),)
    if (job := _kept_job(message)) is not None:
        begun = posting.begin_job(replace(message, state=proven), job)
        replies = (Reply("proof_done", _about(account)), *begun.replies)
        return Turn(begun.state, replies, effects, if_refused=message.state)
    replies = (Reply("proof_done", _about(account)), menu(account))
    return Turn(proven, replies, effects, if_refused=message.state)


def _leave(message: Incoming) -> Turn:
    state = message.state.at(Ask.NOTHING)
    if message.context.profile is not None:
        return resume(replace(message, state=state))
    return Turn(state, (Reply("kept"),))


def _about(account: EmployerAccount) -> dict[str, str]:
    return {"company": account.company, "email": account.email, "employer_id": str(account.id)}


# ── The persona of somebody whose phone no account has proven ────────────────────────────────────


def _address(message: Incoming) -> Turn | None:
    account = _by_address(message)
    return None if account is None else _ask_code(message, account)


def _introduction(message: Incoming) -> Turn | None:
    """Ask whose account it is, unless this is an answer to that question that was not understood."""
    text = message.text
    asked = message.state.ask is Ask.WHOSE
    known = text is not None and (message.intents or is_hiring(text))
    return None if asked and not known else _unproven(message)


_INTENTS: Final[Mapping[Intent, Reader[Incoming]]] = {
    Intent.HUMAN: hand_over,
    Intent.LANGUAGE: choose_language,
    Intent.LANGUAGE_NAME: choose_language,
}
_UNPROVEN: Final[Persona[Incoming]] = Persona(
    readers=(
        partial(follow_tap, menus={"menu": {"human": hand_over}}),
        lambda message: follow_intent(message, _INTENTS, message.intents),
        _address,
        _introduction,
    ),
    ask_again=lambda message: (_ask_whose(message.context),),
    not_understood=lambda message, _with_menu: (
        Reply("not_understood"),
        _ask_whose(message.context),
    ),
    unreadable=frozenset(InboundKind) - {InboundKind.TEXT},
)
