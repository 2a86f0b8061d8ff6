"""The conversation as a pure function: whatever arrives, it answers and never breaks."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.week import Slot
from app.dialogue.context import Context
from app.dialogue.effects import (
    AnswerOffer,
    CancelJob,
    CreateWorker,
    EditProfile,
    EraseAccount,
    ForgetPerson,
    GiveConsent,
    GiveReason,
    HandBack,
    ListContactHolders,
    ListContacts,
    ListLeads,
    OpenCompany,
    PostJob,
    PublishJob,
    RequestHandoff,
    SendOwnData,
    SetLanguage,
    SetWeeklyHours,
    Start,
    Stop,
)
from app.dialogue.employer.job_questions import POSTING, job_text, job_values
from app.dialogue.employer.posting import draft_of
from app.dialogue.router import handle_message
from app.dialogue.state import REGISTRATION, Ask, State
from app.dialogue.turn import Turn
from app.jobs.rules import JobStatus
from app.messaging.inbound import Inbound, InboundKind
from app.nlu.intents import Intent, intents
from app.nlu.job_draft import token
from app.offers.rules import OfferStatus
from app.offers.summary import OfferSummary
from tests.infra.sweeps import examples
from tests.support.dialogue import (
    EMPLOYERS,
    JOB,
    NEWCOMER,
    OFFER,
    PROFILE,
    context,
    incoming,
    offer,
    render,
    tap,
)

payloads = st.sampled_from(
    [
        *(
            f"offer:{OFFER}:{verb}"
            for verb in ("accept", "reject", "withdraw", "show", "why:far", "x")
        ),
        f"contact:{OFFER}:block",
        f"contact:{OFFER}:report",
        *(f"reached:{OFFER}:{answer}" for answer in ("yes", "no", "x")),
        *("reached:", "reached:x:yes"),
        *"language:en language:hi language:xx consent:yes consent:minor consent:no name:profile".split(),
        *"skill:waiter skill:nothing skills:done skills:page:3 skills:yes skills:no place:0".split(),
        *"place:99 distance:5 years:3 free:yes free:no free:weekends delete:yes delete:no".split(),
        *"menu:offers menu:profile menu:availability menu:skills menu:location menu:stop".split(),
        *"menu:who_knows menu:send_data menu:language menu:human menu:open edit:name".split(),
        *"edit:distance edit:delete here:yes here:no worker:yes offer: x : flow:1".split(),
        *"hat:worker hat:x prove:x post:new post:yes post:yes:x post:change post:cancel".split(),
        *"post:role:waiter post:role:x post:place:0 post:place:9 post:days:tomorrow".split(),
        *"post:days:every mon-fri|post:hours:10:00-18:00|post:people:2|post:pay:open".split("|"),
        *"post:weekly:yes post:weekly:no post:per:hour post:per:x post:radius:5 post:x".split(),
        *"post:field:days post:field:note post:field:radius post:field:right post:note:none".split(),
        *"hire:new sign:private sign:profile sign:company sign:contact sign:x".split(),
        *"hire:jobs hire:contacts hire:switch hire:data hire:language hire:human job:".split(),
        *(f"{prefix}:{account.id}" for account in EMPLOYERS for prefix in ("hat", "prove")),
        *(f"job:{JOB.id}:{verb}" for verb in "show leads cancel really keep x".split()),
        # Forged: of others, of nothing, and much too large.
        *(f"offer:{UUID(int=7)}:accept", f"offer:{'9' * 200}:accept", f"contact:{OFFER}"),
        *("skills:page:²", f"skills:page:{'9' * 5_000}", "skills:page:-1", "skills:page:٣"),
        *("place:²", f"place:{'9' * 5_000}", "place:-1", "distance:²", f"years:{'9' * 300}"),
        *(
            "free:" + "9" * 400,
            "skill:" + "x" * 400,
            "language:" + "e" * 400,
            "name:",
            "menu:nothing",
        ),
    ]
)
words = st.sampled_from(
    (
        "hi|yes|no|हाँ|नहीं|stop|start|menu|help|back|profile|offers|language|send my data|human|bot|"
        "delete my data|who has my number|skip|done|more|withdraw|Asha|waiter, cook|400050|Bandra|"
        "Pune|10|3|weekdays after 6pm|weekends|blah blah|employer|worker|post|contacts|cancel|change|"
        "123456|saturday|10-6|2 people|150/hour|800|kal|28 nov|from 1 dec|yesterday|0/0|31 feb|"
        "waiter, Saturday 10-6, Bandra, 2 people, 150/hour|cook, tomorrow, 400050, 9 to 5, 12000 a month|"
        "helper and cook, mon-fri 10-6|2 वेटर, शनिवार 10 से 6, 400050, 150 रुपये घंटा|"
        "haan main 18 ka hu|I am 17|I am 25|do saal|"
        "ten km|naya hoon|kal sham|later|My free times|mera naam Asha hai|👍🏽|²|१८"
    ).split("|")
)
inbounds = st.one_of(
    words.map(incoming),
    st.text(max_size=200).map(incoming),
    st.tuples(words, words).map(lambda two: incoming(" ".join(two))),
    st.dictionaries(
        st.sampled_from(["days", "starts", "ends", "days_2", "x"]),
        st.lists(st.sampled_from(["monday", "sunday", "all_day", "18:00", "x", ""]), max_size=3),
    ).map(lambda answers: incoming(kind=InboundKind.FORM, answers=answers)),
    payloads.map(tap),
    st.sampled_from(list(InboundKind)).map(lambda kind: incoming(kind=kind)),
    st.tuples(st.floats(-90, 90), st.floats(-180, 180)).map(
        lambda at: incoming(kind=InboundKind.LOCATION, latitude=at[0], longitude=at[1])
    ),
    st.just(incoming(kind=InboundKind.CONTACT, phone="+919811100001")),
)


def offers(first: int) -> st.SearchStrategy[list[OfferSummary]]:
    """Some offers, each with an id of its own; 0 is the one that payloads name."""
    return st.lists(st.sampled_from(OfferStatus).map(offer), max_size=3).map(
        lambda found: [
            replace(each, id=UUID(int=OFFER.int + number))
            for number, each in enumerate(found, first)
        ]
    )


contexts = st.builds(
    lambda profile, language, **more: context(profile=profile, language=language, **more),
    profile=st.one_of(
        st.none(),
        st.builds(
            lambda agreed, suspended, phone, skills, located: replace(
                PROFILE,
                agreed=agreed,
                suspended=suspended,
                has_phone=phone,
                skills=("waiter",) if skills else (),
                located=located,
            ),
            *(st.booleans() for _ in range(5)),
        ),
    ),
    language=st.sampled_from([None, "en", "hi"]),
    stopped=st.booleans(),
    in_handoff=st.booleans(),
    employers=st.lists(st.sampled_from(EMPLOYERS), max_size=2, unique=True),
    late=st.booleans(),
    quoted=st.booleans(),
    form_id=st.sampled_from(["", "300000000000003"]),
    open_offers=offers(0),
    accepted_offers=offers(10),
    offer=st.one_of(st.none(), st.sampled_from(OfferStatus).map(offer)),
    job=st.one_of(st.none(), st.sampled_from(JobStatus).map(lambda s: replace(JOB, status=s))),
)


@settings(max_examples=examples(400))
@given(st.lists(st.tuples(inbounds, contexts), min_size=1, max_size=8))
def test_no_sequence_of_messages_breaks_the_conversation(
    turns: list[tuple[Inbound, Context]],
) -> None:
    state = State()
    for inbound, facts in turns:
        turn = handle_message(state, inbound, facts)
        # What is said is within every limit, and what is kept comes back as it was.
        render(turn, turn.language or facts.reply_language)
        state = State.from_json(turn.state.as_json())
        assert state == State.from_json(state.as_json())


@settings(max_examples=examples(200))
@given(st.lists(st.tuples(inbounds, contexts), min_size=1, max_size=8))
def test_nothing_is_posted_but_what_was_read_back_and_said_yes_to(
    turns: list[tuple[Inbound, Context]],
) -> None:
    state = State()
    for inbound, facts in turns:
        before, turn = state, handle_message(state, inbound, facts)
        for effect in turn.effects:
            if isinstance(effect, PostJob):
                assert before.ask in POSTING
                assert inbound.payload.startswith("post:yes:") or Intent.YES in intents(
                    inbound.text
                )
                values = job_values(draft_of(before), facts)
                assert values is not None
                assert token(values) == before.draft["token"]
                assert effect.job == job_text(values)
            if isinstance(effect, PostJob | CancelJob | PublishJob | ListContacts | ListLeads):
                acts = [account for account in facts.employers if account.id == effect.employer_id]
                assert [(account.proven, account.suspended) for account in acts] == [(True, False)]
        state = turn.state


def test_an_account_that_is_gone_leaves_no_open_question_behind() -> None:
    for ask in Ask:
        for hat in ("", "worker", str(EMPLOYERS[0].id)):
            for profile in (None, PROFILE, replace(PROFILE, slots=[Slot(0, 540, 1020)])):
                for text in ("hello world", "yes", "123456", "menu", "START"):
                    handle_message(
                        State(ask=ask, persona=hat), incoming(text), context(profile=profile)
                    )


def test_a_job_in_one_line_is_posted_by_the_yes_that_follows() -> None:
    facts = context(profile=None, employers=EMPLOYERS[:1])
    line = "waiter, Saturday 10-6, Bandra, 2 people, 150/hour"
    asked = handle_message(State(), incoming(line), facts)
    assert asked.state.ask is Ask.JOB_RIGHT
    assert not asked.effects
    posted = handle_message(asked.state, incoming("yes"), facts)
    [effect] = posted.effects
    assert isinstance(effect, PostJob)
    assert handle_message(posted.state, incoming("yes"), facts).effects == ()


@given(inbounds, contexts)
def test_after_stop_nothing_is_said_but_the_way_back(inbound: Inbound, facts: Context) -> None:
    turn = handle_message(State(), inbound, replace(facts, stopped=True))
    said = {say.text for say in turn.replies}
    answers = {"started", "stopped_still", "ask_delete", "deleted", "employer_data"}
    assert said <= answers or "started" in said


@given(st.sampled_from(list(Ask)), contexts)
def test_stop_beats_every_state(ask: Ask, facts: Context) -> None:
    turn = handle_message(
        State(ask=ask, registering=True), incoming("STOP"), replace(facts, stopped=False)
    )
    assert turn.effects == (Stop(),)
    assert [(say.text, say.essential) for say in turn.replies] == [("stopped", True)]


@given(st.sampled_from([InboundKind.REACTION, InboundKind.EDIT, InboundKind.PREFERENCE]), contexts)
def test_reactions_and_edits_do_nothing(kind: InboundKind, facts: Context) -> None:
    state = State(ask=Ask.NAME, registering=True)
    assert handle_message(state, incoming("👍", kind), facts) == Turn(state)


def test_who_keeps_the_phone_back_is_told_once_more_what_it_costs() -> None:
    state = State(ask=Ask.PHONE, registering=True, answered=frozenset(REGISTRATION) - {Ask.PHONE})
    facts = context(profile=replace(PROFILE, has_phone=False))
    kept = handle_message(state, incoming("skip"), facts)
    assert [say.text for say in kept.replies] == ["registered", "ask_phone"]
    shared = handle_message(state, incoming(kind=InboundKind.CONTACT, phone="+919811100001"), facts)
    assert [say.text for say in shared.replies] == ["phone_saved", "registered"]


@given(inbounds, contexts)
def test_an_older_message_changes_no_newer_answer(inbound: Inbound, facts: Context) -> None:
    late = replace(facts, late=True, stopped=False)
    turn = handle_message(State(ask=Ask.NAME, registering=True), inbound, late)
    assert not any(
        isinstance(effect, EditProfile | SetWeeklyHours | SetLanguage) for effect in turn.effects
    )


def test_an_answer_is_given_only_to_an_open_offer() -> None:
    answers = {
        (verb, status): handle_message(
            State(), tap(f"offer:{OFFER}:{verb}"), context(offer=offer(status))
        ).effects
        for verb in ("accept", "reject", "withdraw")
        for status in OfferStatus
    }
    assert {key: effects for key, effects in answers.items() if effects} == {
        ("accept", OfferStatus.OFFERED): (AnswerOffer(OFFER, "accept"),),
        ("reject", OfferStatus.OFFERED): (AnswerOffer(OFFER, "reject"),),
        ("reject", OfferStatus.ACCEPTED): (AnswerOffer(OFFER, "withdraw"),),
        ("withdraw", OfferStatus.ACCEPTED): (AnswerOffer(OFFER, "withdraw"),),
    }


def test_an_unlocked_acceptance_is_not_taken_back() -> None:
    facts = context(offer=offer(OfferStatus.ACCEPTED, unlocked=True))
    turn = handle_message(State(), tap(f"offer:{OFFER}:withdraw"), facts)
    assert not turn.effects
    assert turn.replies[0].text == "offer_unlocked_already"


def test_a_foreign_offer_looks_like_none() -> None:
    turn = handle_message(State(), tap(f"offer:{OFFER}:accept"), context(offer=None))
    assert [say.text for say in turn.replies] == ["offer_unknown"]
    assert not turn.effects


def test_nothing_understood_leads_to_a_human() -> None:
    state, said = State(), []
    facts = context(profile=replace(PROFILE, slots=[Slot(0, 540, 1020)]))
    for _ in range(3):
        turn = handle_message(state, incoming("qwertz"), facts)
        state = turn.state
        said.append([say.text for say in turn.replies])
    assert said == [["not_understood", "help"], ["not_understood_menu", "menu"], ["handed_over"]]


def test_while_a_human_is_there_ones_data_are_still_ones_own() -> None:
    facts = context(in_handoff=True)
    assert handle_message(State(), incoming("send my data"), facts).effects == (SendOwnData(),)
    asked = handle_message(State(), incoming("delete my data"), facts)
    assert [say.text for say in asked.replies] == ["ask_delete"]
    # The bot's own question comes first; once a human was there, "yes" may be an answer to them.
    assert handle_message(asked.state, incoming("yes"), facts).effects == (EraseAccount(),)
    there = replace(facts, attended=True)
    assert not handle_message(asked.state, incoming("yes"), there).effects
    assert handle_message(asked.state, tap("delete:yes"), facts).effects == (EraseAccount(),)


def test_an_old_button_of_an_account_that_is_gone_is_answered() -> None:
    turn = handle_message(State(), tap(f"prove:{OFFER}"), context(profile=None, language=None))
    assert turn.replies


# ── One conversation whose effects happen: nothing is lost, and nobody is left without an answer ──


def after(facts: Context, turn: Turn) -> Context:
    """The context once the turn's effects happened."""
    for effect in turn.effects:
        profile = facts.profile
        match effect:
            case CreateWorker() if profile is None:
                facts = replace(facts, profile=NEWCOMER)
            case SetLanguage():
                facts = replace(facts, language=effect.language)
            case GiveConsent() if profile is not None:
                facts = replace(facts, profile=replace(profile, agreed=True))
            case EditProfile() if profile is not None:
                changes = dict(effect.changes)
                if changes.pop("location", None) is not None:
                    changes |= {"located": True, "place": "Mumbai"}
                facts = replace(facts, profile=replace(profile, **changes))
            case SetWeeklyHours() if profile is not None:
                facts = replace(facts, profile=replace(profile, slots=effect.slots))
            case OpenCompany():
                facts = replace(facts, employers=[EMPLOYERS[0]])
            case ForgetPerson() | EraseAccount():
                facts = replace(facts, profile=None)
            case Stop():
                facts = replace(facts, stopped=True)
            case Start():
                facts = replace(facts, stopped=False)
            case RequestHandoff():
                facts = replace(facts, in_handoff=True)
            case HandBack():
                facts = replace(facts, in_handoff=False)
    return facts


TOLD_BY_EFFECTS = (AnswerOffer, GiveReason, SendOwnData, ListContactHolders, OpenCompany)
UNANSWERED = frozenset(
    {InboundKind.REACTION, InboundKind.EDIT, InboundKind.MOVED, InboundKind.PREFERENCE}
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(inbounds, min_size=1, max_size=25), st.sampled_from(["", "300000000000003"]))
def test_a_conversation_loses_nothing_and_leaves_nobody_without_an_answer(
    inputs: list[Inbound], form_id: str
) -> None:
    state, facts = State(), context(profile=None, language=None, form_id=form_id)
    for inbound in inputs:
        turn = handle_message(state, inbound, facts)
        render(turn, turn.language or facts.reply_language)
        spoken_to = not (facts.stopped or facts.in_handoff or inbound.kind in UNANSWERED)
        if spoken_to:
            assert turn.replies or isinstance(turn.effects[-1], TOLD_BY_EFFECTS), inbound
        forgotten = any(isinstance(effect, ForgetPerson | EraseAccount) for effect in turn.effects)
        if state.registering and not forgotten:
            # Only "back" opens again what was answered, one question at a time.
            assert len(state.answered - turn.state.answered) <= 1
            if inbound.kind not in {InboundKind.TEXT, InboundKind.TAP}:
                assert state.answered <= turn.state.answered
        facts = after(facts, turn)
        if facts.profile is not None and not turn.state.registering and not facts.stopped:
            assert facts.profile.agreed or facts.employers or turn.state == state
        state = turn.state
