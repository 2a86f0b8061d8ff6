"""Every public function that reads people's text, and every question of the chat, ready to be called.

Found by walking the tree, so that a new one is tried without anybody thinking of it.
"""

import datetime as dt
import importlib
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final
from uuid import UUID

from phonenumbers import NumberParseException

from app.core.errors import DomainError
from app.core.week import Slot
from app.dialogue.context import Context, EmployerAccount, Profile
from app.dialogue.state import Ask, State
from app.identity.codes import CodeRules
from app.messaging.inbound import Inbound, InboundKind
from app.nlu.job_correction import CorrectionContext
from app.nlu.job_draft import Draft
from app.texts.catalogue import format_context
from tests.infra.pumping import modules_of

NOT_PEOPLES: Final = frozenset(
    "action country currency kind language name_of needle request_id says secret secrets section slug "
    "state to url".split()
)
"""First parameters that hold a word of the program's own, never a text that somebody wrote."""
NOT_READERS: Final[Mapping[str, str]] = {
    "app.database.statements.contains_text": "the database reads it",
    "app.web.console.desk.next_case": "an address of our own",
    "app.api.http.dependencies.limited": "the name of a limit",
    "app.catalogue.places.main_time_zone": "a country's code",
    "app.nlu.vocabulary.phrase_set": "names of lists",
    "app.database.types.partial_index": "the name of an index",
    "app.api.auth.phones.read_phone": "parses by app.core.phones.parse_phone, which is tried",
    "app.core.crypto.digest": "a token, of bounded length",
    "app.core.schema.changeable": "the description of a field",
    "app.database.engines.parse_url": "a setting",
    "app.database.engines.sync_engine_for": "a setting",
    "app.core.secret_strength.bits": "a setting",
    "app.masking.addresses.address_spans": "a part of app.masking.mask.mask, which is tried",
    "app.taxes.pack.get_pack": "the name of a tax pack",
    "app.taxes.pack.quote": "the name of a tax pack",
    "app.demo.show.bubble": "the demonstration's own people",
    "app.jobs.review.fold_pattern": "a sign out of the rules",
    "app.texts.catalogue.kind_of_template": "the platform's name of one of our templates",
    "app.database.statements.later": "the name of a bound value",
    "app.matching.rules.waves_rest": "the name of a time zone",
    "app.payments.charges.part_of": "a provider's id",
    "app.payments.events.webhook_of": "a provider's name",
    "app.simulation.command.simulate": "the name of a world",
    "app.simulation.world.read_world": "the name of a world",
    "app.texts.catalogue.fill": "a text of the pages",
    "app.texts.formatting.exclusion": "the name of a rule",
    "app.payments.charges.place_of": "a provider's id",
}
TODAY: Final = dt.date(2026, 11, 23)
NOW: Final = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
_PLACES: Final = [
    {"name": name, "city": "Mumbai", "state": "Maharashtra", "at": [19.0, 72.8]}
    for name in ("Andheri East", "Andheri West", "Dadar")
]

type Run = Callable[[str], object]


def _called() -> dict[str, Run]:
    """Return how those are called that take more than the text."""
    from app.catalogue import phonetics, place_names, places
    from app.core import phones
    from app.dialogue import choices
    from app.dialogue.employer import after_unlock
    from app.dialogue.worker import appeals
    from app.identity import codes, passwords
    from app.masking import harmless_numbers
    from app.nlu import (
        company_name,
        dates,
        job_command,
        job_correction,
        job_draft,
        job_hours,
        job_note,
        job_request,
        negation,
        pay,
        person_name,
        place_choice,
        role_words,
        skill_corrections,
        skill_phrases,
        week_change,
        worker_correction,
    )
    from app.payments import first_message
    from app.texts import formatting

    return {
        "app.catalogue.places.area": lambda text: places.area(text, "400050"),
        "app.catalogue.place_names.place_in": lambda text: place_names.place_in(text, "hi"),
        "app.catalogue.phonetics.distance": lambda text: phonetics.distance(text[:100], "andheri"),
        "app.nlu.job_correction.read": lambda text: job_correction.read(
            text, Draft(), CorrectionContext(None, TODAY, "en", "INR", "Mumbai")
        ),
        "app.catalogue.place_names.name_on_map": lambda text: place_names.name_on_map(text, "hi"),
        "app.nlu.job_draft.joined_note": lambda text: job_draft.joined_note("a note", text),
        "app.nlu.job_note.own_words": lambda text: job_note.own_words(text, text.split(",")),
        "app.dialogue.employer.after_unlock.tapped_amount": lambda text: after_unlock.tapped_amount(
            f"card:{text}", "card"
        ),
        "app.nlu.pay.extract_given": lambda text: pay.extract_given(text, "INR"),
        "app.nlu.company_name.read_names": lambda text: company_name.read_names(
            text, company_name.NameKind.COMPANY
        ),
        "app.nlu.company_name.read_name_correction": (
            lambda text: company_name.read_name_correction(text, "Sagar Foods", "Asha Rao")
        ),
        "app.nlu.job_command.read": lambda text: job_command.read(text, TODAY),
        "app.payments.first_message.hello_url": lambda text: first_message.hello_url(
            "+919820012345", "en", name=text, company=text, title=text
        ),
        "app.nlu.dates.read": lambda text: dates.read(text, TODAY),
        "app.nlu.negation.split_denied_days": lambda text: negation.split_denied_days(text, TODAY),
        "app.nlu.negation.read": lambda text: negation.read(text, TODAY),
        "app.nlu.pay.parse_only_number": lambda text: pay.parse_only_number(text, "INR"),
        "app.nlu.pay.parse_tapped": lambda text: pay.parse_tapped(text, "INR"),
        "app.nlu.pay.extract": lambda text: pay.extract(text, "INR"),
        "app.nlu.pay.extract_bare": lambda text: pay.extract_bare(text, Draft(), "INR"),
        "app.nlu.job_hours.read": lambda text: job_hours.read(
            text[:300], Draft(), job_hours.Said(), job_request.BETWEEN_PARTS
        ),
        "app.nlu.job_request.read": lambda text: job_request.read(text, TODAY),
        "app.dialogue.worker.appeals.may_concern": lambda text: appeals.may_concern(text, "", None),
        "app.dialogue.choices.index": lambda text: choices.index(text, 9),
        "app.nlu.person_name.find_corrected_name": lambda text: person_name.find_corrected_name(
            text, "Asha"
        ),
        "app.nlu.skill_corrections.read_change": lambda text: skill_corrections.read_change(
            text, "en"
        ),
        "app.nlu.worker_correction.read_correction": lambda text: worker_correction.read_correction(
            text, worker_correction.KnownFacts("Asha Rao", "Thane", 10, 3)
        ),
        "app.nlu.week_change.read_week_change": lambda text: week_change.read_week_change(
            text, [Slot(5, 600, 1080)]
        ),
        "app.nlu.skill_phrases.matching_skills": lambda text: skill_phrases.matching_skills(
            text, "en"
        ),
        "app.nlu.skill_phrases.find_skills": lambda text: skill_phrases.find_skills(text, "en"),
        "app.nlu.role_words.guess_roles": lambda text: role_words.guess_roles(text, "en"),
        "app.nlu.role_words.choose_role": lambda text: role_words.choose_role(
            text, ["cook", "kitchen_helper"]
        ),
        "app.nlu.place_choice.choose_place": lambda text: place_choice.choose_place(text, _PLACES),
        "app.masking.harmless_numbers.is_harmless": lambda text: harmless_numbers.is_harmless(
            text, 0, len(text)
        ),
        "app.masking.harmless_numbers.is_phone": lambda text: harmless_numbers.is_phone(
            text, 0, len(text)
        ),
        "app.core.phones.parse_phone": lambda text: phones.parse_phone(text, "IN"),
        "app.identity.codes.check_phone": lambda text: codes.check_phone(
            text, CodeRules(per_day=9)
        ),
        "app.identity.passwords.require_acceptable": lambda text: passwords.require_acceptable(
            text, field="password", personal=(text,)
        ),
        "app.texts.formatting.role": lambda text: formatting.role(text, format_context("en")),
    }


def _others() -> dict[str, Run]:
    """Return what reads texts that come inside something else."""
    from app.jobs.review import judge
    from app.providers.whatsapp.limits import people_a_day
    from app.providers.whatsapp.webhook import parse
    from app.texts.catalogue import format_value

    def webhook(text: str) -> object:
        message = {
            "id": text,
            "from": text,
            "timestamp": text,
            "type": "text",
            "text": {"body": text},
        }
        system = {**message, "type": "system", "system": {"body": text, "type": text}}
        value = {"messages": [message, system], "statuses": [{"id": text, "status": text}]}
        change = {"field": text, "value": {**value, "metadata": {"display_phone_number": text}}}
        return parse(json.dumps({"entry": [{"changes": [change]}]}).encode())

    return {
        "app.jobs.review.judge": lambda text: judge(
            {"title": text[:120], "description": text[:4_000]}
        ),
        "app.texts.catalogue.format_value": lambda text: format_value(
            "url", text, format_context("en")
        ),
        "app.providers.whatsapp.limits.people_a_day": lambda text: people_a_day(
            {"messaging_limit_tier": text}
        ),
        "app.providers.whatsapp.webhook.parse": webhook,
    }


@cache
def readers() -> Mapping[str, Run]:
    """Return every reader by its full name. Fails for one that nobody said how to call."""
    called = _called()
    found = {name: _quiet(run) for name, run in _others().items()}
    unknown: list[str] = []
    for module_name in modules_of("app"):
        module = importlib.import_module(module_name)
        for name, function in _functions(module):
            full = f"{module_name}.{name}"
            first, *others = inspect.signature(function).parameters.values()
            if full in NOT_READERS or first.name in NOT_PEOPLES:
                continue
            if full in called:
                found[full] = _quiet(called.pop(full))
            elif all(other.default is not other.empty for other in others):
                found[full] = _quiet(function)
            else:
                unknown.append(full)
    assert not unknown, f"say in tests/infra/readers.py how to call {unknown}"
    assert not called, f"there is no such reader any more: {[*called]}"
    return found


def _functions(module: Any) -> Iterator[tuple[str, Any]]:
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        function = inspect.unwrap(value)
        if not inspect.isfunction(function) or inspect.iscoroutinefunction(function):
            continue
        first = next(iter(inspect.signature(function).parameters.values()), None)
        if first is not None and first.annotation is str:
            yield name, function


def _quiet(function: Run) -> Run:
    """Return the function without its refusals: that a text is no phone is an answer."""

    def run(text: str) -> None:
        with suppress(DomainError, ValueError, NumberParseException):
            made = function(text)
            if inspect.isgenerator(made):
                list(made)

    return run


_EMPLOYER: Final = EmployerAccount(
    id=UUID("0198c0de-0000-7000-8000-000000000010"),
    company="Cafe 1",
    email="o•••@e•••.com",
    proven=True,
    suspended=False,
    city="Mumbai",
)
_PROFILE: Final = Profile(
    name="Asha",
    agreed=True,
    suspended=False,
    has_phone=True,
    skills=("waiter",),
    place="Mumbai",
    located=True,
    max_distance_km=10,
    experience_years=2,
    slots=(),
)


def conversation() -> list[Run]:
    """Return one step of the chat for each question, of a worker and of an employer."""
    from app.dialogue.router import handle_message

    def asked(ask: Ask, context: Context, hat: str) -> Run:
        state = State(
            ask,
            registering=not hat,
            persona=hat,
            draft={"places": _PLACES, "job": {"skill": "cook"}},
        )

        def run(text: str) -> None:
            message = Inbound("m", InboundKind.TEXT, NOW, phone_from="+919811100001", text=text)
            handle_message(state, message, context)

        return run

    worker = Context(now=NOW, language="en", profile=_PROFILE)
    employer = Context(now=NOW, language="en", profile=None, employers=[_EMPLOYER])
    return [
        asked(ask, context, hat)
        for ask in Ask
        for context, hat in ((worker, ""), (employer, str(_EMPLOYER.id)))
    ]
