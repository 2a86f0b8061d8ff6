"""A stranger writes a job and keeps it: it is put together as for any employer, and opens their company. Pure.

Beside the job only the company's name and their own are asked for; what is known is skipped. Nothing is
stored before they confirm the whole: the effect `OpenCompany` opens the account and posts the job. From the
first text to the posted job they write at most `MOST_MESSAGES`: where single questions would take more, what
is missing is asked for at once, and the name that the platform shows is read back instead of asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from uuid import UUID

from app.dialogue.context import Context, EmployerAccount
from app.dialogue.effects import (
    AnswerNewcomersFaq,
    ForgetPerson,
    OpenCompany,
    PostJob,
    SetLanguage,
    SetPhone,
)
from app.dialogue.employer import posting
from app.dialogue.employer.conversation import choose_language
from app.dialogue.employer.job_questions import POSTING, unanswered
from app.dialogue.employer.message import EmployerMessage, is_missed, spelled_if_missed
from app.dialogue.employer.name_questions import (
    again,
    change_name,
    correct_name,
    read_back,
    read_company,
    read_contact,
    read_phone,
)
from app.dialogue.employer.newcomer import (
    NEW_COMPANY,
    SIGNING_UP,
    Newcomer,
    is_signing_up,
    keep,
    missing_name,
    name_question,
    names_read_back,
    with_names,
)
from app.dialogue.engine import (
    Persona,
    Reader,
    answer_faq,
    follow_intent,
    follow_tap,
    hand_over,
    help_with_question,
    respond,
)
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.questions import good_name
from app.jobs.company_names import acceptable_company_name
from app.nlu.company_name import has_no_company, introduced_names, without_names
from app.nlu.faq_topic import EMPLOYER_TOPICS, find_topic
from app.nlu.intents import Intent
from app.nlu.job_draft import Draft
from app.nlu.spoken_language import spoken_in

MOST_MESSAGES: Final = 6
"""What somebody writes from the first text to the posted job, where they answer what they are asked."""
_WHOLE: Final = 3
"""Amid a registration a text with a role and so many parts is a job."""
_NOBODY: Final = UUID(int=0)
_ALONE: Final = frozenset(
    {Ask.JOB_ROLE, Ask.JOB_WHICH_ROLE, Ask.JOB_WHICH_PLACE, Ask.JOB_WEEKLY, Ask.JOB_CHANGE}
)
"""Questions with a list, which are not asked together with others."""


def begin(message: Incoming, draft: Draft | None = None) -> Turn:
    """Begin with the job that a text describes, perhaps with nothing yet."""
    message, language = _in_their_language(message)
    state = message.state.at(Ask.NOTHING)
    message = replace(message, state=state)
    if draft is None:
        draft = find_newcomers_job(_without_names(message))
    turn = posting.begin_job(message, draft)
    turn = replace(turn, replies=(Reply("sign_up_begins"), *turn.replies))
    newcomer = _with_introduced(message, Newcomer())
    return _spoken(_carried(message, turn, newcomer), language)


def _without_names(message: Incoming) -> Incoming:
    """Return the message without the names that it introduces: they are kept, and say nothing of the job."""
    text = message.text
    if text is None:
        return message
    return replace(message, inbound=replace(message.inbound, text=without_names(text) or text))


def _with_introduced(message: Incoming, newcomer: Newcomer) -> Newcomer:
    """Return what is known with the names that a text introduces beside the job."""
    said = introduced_names(message.text or "")
    company = acceptable_company_name(said.company) if said.company else None
    if newcomer.company is None and company is not None:
        newcomer = replace(newcomer, company=company)
    if newcomer.company is None and has_no_company(message.text or ""):
        newcomer = replace(newcomer, company="")
    if not newcomer.contact and good_name(said.contact):
        newcomer = replace(newcomer, contact=said.contact)
    return newcomer


def find_newcomers_job(message: Incoming) -> Draft | None:
    """Return the job that a text describes; None for any other text."""
    return posting.find_job(_as_newcomer(message, Newcomer()))


def is_whole_job(message: Incoming) -> bool:
    """Whether a text describes a job with most of its parts, and can be nothing else."""
    draft = find_newcomers_job(message)
    if draft is None or (draft.skill is None and not draft.skills):
        return False
    parts = (draft.place or draft.places, draft.when, draft.spans, draft.people, draft.amount)
    return sum(map(bool, parts)) >= _WHOLE


def read_sign_up(message: Incoming) -> Turn | None:
    """Return what follows from a newcomer's message; None for everybody else."""
    if not is_signing_up(message.state):
        return None
    message, language = _in_their_language(message)
    newcomer = known = Newcomer.of(message.state)
    if message.state.ask not in SIGNING_UP | {Ask.JOB_RIGHT, Ask.JOB_CHANGE}:
        newcomer = _with_introduced(message, known)
        message = replace(message, state=keep(message.state, newcomer))
    writes = _as_newcomer(_without_names(message) if newcomer != known else message, newcomer)
    turn = spelled_if_missed(writes, lambda read: respond(read, _NEWCOMER))
    if newcomer != known and is_missed(writes, turn):
        # Nothing but a name was said: it is kept, and the open question stands.
        turn = Turn(replace(message.state, misses=0), again(message))
    return _spoken(_carried(message, turn, newcomer), language)


def without_newcomer(state: State) -> State:
    """Return the state of somebody whose company exists by now: the job goes on as an employer's."""
    kept = {name: value for name, value in state.draft.items() if name != NEW_COMPANY}
    ask = state.ask if state.ask in POSTING else Ask.JOB_CHANGE
    return replace(state, ask=ask, draft=kept, registering=False)


def _in_their_language(message: Incoming) -> tuple[Incoming, str | None]:
    """Return the message in the language it is written in, where none was chosen; and a new language."""
    context = message.context
    spoken = spoken_in(message.text or "").language
    if context.language is not None or spoken in {None, context.reply_language}:
        return message, None
    return replace(message, context=replace(context, language=spoken)), spoken


def _spoken(turn: Turn, language: str | None) -> Turn:
    if language is None:
        return turn
    effects = (SetLanguage(language), *turn.effects)
    return replace(turn, effects=effects, language=turn.language or language)


def _as_newcomer(message: Incoming, newcomer: Newcomer) -> EmployerMessage:
    """Return the message as one of an account that does not exist yet."""
    profile = message.context.profile
    account = EmployerAccount(
        id=_NOBODY,
        company=newcomer.company or "",
        email="",
        proven=False,
        suspended=False,
        city=profile.place if profile is not None else None,
    )
    return EmployerMessage.of(message, account)


# ── What is asked next ───────────────────────────────────────────────────────────────────────────


def _carried(message: Incoming, turn: Turn, newcomer: Newcomer) -> Turn:
    """Return the turn of the posting as a newcomer's: with their names asked for, kept and read back."""
    newcomer = replace(_changed(turn, newcomer), messages=newcomer.messages + 1)
    if any(isinstance(effect, SetPhone) for effect in turn.effects):
        message = replace(message, context=replace(message.context, has_phone=True))
    state = turn.state
    if state.ask is not Ask.JOB_CHANGE:
        newcomer = replace(newcomer, said="")
    if state.ask is Ask.JOB_RIGHT:
        return _ask_names(message, turn, newcomer)
    if any(isinstance(effect, PostJob) for effect in turn.effects):
        return _open(message, turn, newcomer)
    if state.ask not in POSTING and state.ask not in SIGNING_UP:
        dropped = Reply("sign_up_dropped")
        told = [dropped if reply.text == "job_dropped" else reply for reply in turn.replies]
        return replace(turn, replies=told)
    replies = (*turn.replies,)
    if state.ask is not message.state.ask and _is_long(state, newcomer):
        replies = (*replies[:-1], _ask_rest(state, message.context))
    if state.ask is Ask.JOB_CHANGE and replies and replies[-1].text == "ask_job_change":
        replies = (*replies[:-1], with_names(replies[-1], message.context))
    return replace(turn, state=keep(state, newcomer), replies=replies)


def _changed(turn: Turn, newcomer: Newcomer) -> Newcomer:
    """Return what the turn itself says of the newcomer, or what was known."""
    return Newcomer.of(turn.state) if NEW_COMPANY in turn.state.draft else newcomer


def _ask_names(message: Incoming, turn: Turn, newcomer: Newcomer) -> Turn:
    """Ask for the next name that is missing, or read the whole back."""
    context = message.context
    newcomer = _with_known_name(newcomer, message)
    ask = missing_name(newcomer, context)
    if ask is Ask.JOB_RIGHT:
        replies = (*turn.replies,)
        texts = [reply.text for reply in replies]
        if texts and texts[-1] == "ask_job_right" and "company_right" not in texts:
            replies = (*replies[:-1], names_read_back(newcomer, context), replies[-1])
        return replace(turn, state=keep(turn.state, newcomer), replies=replies)
    state = replace(turn.state, ask=ask, draft={"job": turn.state.draft.get("job", {})})
    # The job itself is read back, with its warnings, when the names are known.
    before = [reply for reply in turn.replies if reply.text in _BEFORE_NAMES]
    return replace(
        turn, state=keep(state, newcomer), replies=(*before, name_question(ask, context, message))
    )


_BEFORE_NAMES: Final = frozenset({"sign_up_begins", "company_bad", "name_bad", "phone_saved"})


def _with_known_name(newcomer: Newcomer, message: Incoming) -> Newcomer:
    """Take the name of a registered worker, or in haste that on the platform: both are read back."""
    if newcomer.contact:
        return newcomer
    profile = message.context.profile
    if profile is not None and profile.agreed and good_name(profile.name):
        return replace(newcomer, contact=profile.name)
    # The name, the company unless it is known, and the yes are still to come.
    left = MOST_MESSAGES - newcomer.messages - (newcomer.company is None) - 1
    shown = message.inbound.name or ""
    if left < 1 and good_name(shown):
        return replace(newcomer, contact=shown)
    return newcomer


def _is_long(state: State, newcomer: Newcomer) -> bool:
    """Whether single questions would take more messages than anybody wants to write."""
    if state.ask not in POSTING or state.ask in _ALONE:
        return False
    missing = len(_missing(state))
    names = (newcomer.company is None) + (not newcomer.contact)
    return missing > 1 and newcomer.messages + missing + names + 1 > MOST_MESSAGES


def _missing(state: State) -> list[Ask]:
    """Return what is still to be asked about the job; the pay's unit is asked for with the pay."""
    missing = unanswered(posting.draft_of(state))
    return [ask for ask in missing if ask is not Ask.JOB_PAY_PER or Ask.JOB_PAY not in missing]


def _ask_rest(state: State, context: Context) -> Reply:
    missing = _missing(state)
    parts = dict.fromkeys(context.word(f"missing_{ask.value}") for ask in missing)
    return Reply("ask_job_rest", {"list": ", ".join(parts)})


# ── The end ──────────────────────────────────────────────────────────────────────────────────────


def _open(message: Incoming, turn: Turn, newcomer: Newcomer) -> Turn:
    """Open the company and post the job, in place of posting it for an account that is there."""
    job = next(effect.job for effect in turn.effects if isinstance(effect, PostJob))
    if missing_name(newcomer, message.context) is not Ask.JOB_RIGHT:
        # Something was forgotten meanwhile, such as the phone.
        return _ask_names(message, replace(turn, state=message.state, effects=()), newcomer)
    refused = None if turn.if_refused is None else keep(turn.if_refused, newcomer)
    effect = OpenCompany(newcomer.company or "", newcomer.contact, job)
    state = replace(turn.state, registering=False)
    return replace(turn, state=state, effects=(effect,), if_refused=refused)


def _drop(message: EmployerMessage) -> Turn:
    return Turn(message.state.at(Ask.NOTHING), (Reply("sign_up_dropped"),))


def _drop_with_reason(message: EmployerMessage) -> Turn | None:
    """Drop the job where the first words say so and the others say nothing of it: "cancel it, I ask my neighbour"."""
    rest = posting.after_dropping(message.text or "")
    if rest is None or not posting.is_posting(message.state):
        return None
    said = replace(message, inbound=replace(message.inbound, text=rest))
    return _drop(message) if replace(posting.read_parts(said), note="") == Draft() else None


def _forget(message: EmployerMessage) -> Turn:
    """Forget a newcomer's job, and of somebody without a profile everything."""
    if message.context.profile is not None:
        return Turn(message.state.at(Ask.DELETE), (Reply("ask_delete"),))
    return Turn(State(), (Reply("deleted", essential=True),), (ForgetPerson(),))


def _back(message: EmployerMessage) -> Turn | None:
    """Go back one question; before the first the job is dropped."""
    match message.state.ask:
        case Ask.COMPANY_PHONE | Ask.CONTACT_NAME:
            newcomer = replace(Newcomer.of(message.state), company=None, contact="")
            return read_back(message, newcomer)
        case Ask.COMPANY:
            draft = posting.draft_of(message.state)
            return Turn(
                message.state.at(Ask.JOB_CHANGE, job=draft.as_json()), (Reply("ask_job_change"),)
            )
        case Ask.JOB_ROLE | Ask.JOB_WHICH_ROLE:
            return _drop(message)
        case _:
            return None


# ── The persona ──────────────────────────────────────────────────────────────────────────────────


def _help(message: EmployerMessage) -> Turn:
    return help_with_question(message, "employer_help", again(message))


def _greet(message: EmployerMessage) -> Turn:
    begun = posting.draft_of(message.state) != Draft()
    return Turn(message.state, (*(() if begun else (Reply("sign_up_begins"),)), *again(message)))


def _repeat(message: EmployerMessage) -> Turn:
    return Turn(replace(message.state, misses=0), again(message))


def _faq(message: EmployerMessage) -> Turn | None:
    if message.state.ask in {Ask.COMPANY, Ask.CONTACT_NAME} and "?" not in (message.text or ""):
        return None

    def answer(message: EmployerMessage, topic: str, repeated: Sequence[Reply]) -> Turn:
        replies = (*repeated, *again(message))
        return Turn(message.state, replies, (AnswerNewcomersFaq(topic),))

    return answer_faq(message, partial(find_topic, topics=EMPLOYER_TOPICS), answer)


_MENU: Final[Mapping[str, Reader[EmployerMessage]]] = {
    "human": hand_over,
    "help": _help,
    "open": _repeat,
    "language": choose_language,
}
_INTENTS: Final[Mapping[Intent, Reader[EmployerMessage]]] = {
    Intent.DELETE_DATA: _forget,
    Intent.HUMAN: hand_over,
    Intent.HELP: _help,
    Intent.MENU: _repeat,
    Intent.LANGUAGE: choose_language,
    Intent.LANGUAGE_NAME: choose_language,
    Intent.GREETING: _greet,
    Intent.COURTESY: _repeat,
    Intent.CANCEL: _drop,
    Intent.BACK: _back,
}
_NEWCOMER: Final[Persona[EmployerMessage]] = Persona(
    readers=(
        partial(follow_tap, menus={"hire": _MENU, "menu": _MENU}),
        change_name,
        correct_name,
        posting.read_yes,
        _drop_with_reason,
        lambda message: follow_intent(message, _INTENTS, message.intents),
        _faq,
        read_company,
        read_contact,
        read_phone,
        posting.read_posting,
    ),
    ask_again=again,
    not_understood=lambda message, with_menu: (
        Reply("sign_up_not_understood" if with_menu else "not_understood"),
        *again(message),
    ),
)
