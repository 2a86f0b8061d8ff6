"""Whatever people write, one line after another: no error, no endless loop, nothing lost, nothing done unsurely."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.dialogue import effects as fx
from app.dialogue.employer.job_questions import job_text, job_values
from app.dialogue.employer.newcomer import Newcomer, is_signing_up
from app.dialogue.employer.posting import draft_of, is_posting
from app.dialogue.state import Ask, State
from app.nlu.job_draft import JobPart, token
from app.nlu.negation import has_negation
from app.nlu.normalize import normalize, split_words
from app.nlu.vocabulary import phrase_set
from tests.infra.sweeps import examples
from tests.nlu.corpus_measure.cross import MEANINGS, grave, meanings
from tests.nlu.corpus_measure.lines import SIDES, corpus
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import questions, situation
from tests.support.dialogue import render

MOST_REPEATED = 2
"""A question that was not understood so often is asked in the same words, and then no more."""
_SITUATIONS = [(side, name) for side in SIDES for name in questions(side)]
_TEXTS = sorted({line.text for line in corpus()})
steps = st.lists(
    st.one_of(
        st.sampled_from(_TEXTS).map(lambda text: ("write", text)),
        st.integers(0, 9).map(lambda number: ("tap", number)),
    ),
    min_size=1,
    max_size=12,
)
RUNS = settings(
    max_examples=examples(120),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def _play(where, moves, language="en"):
    """Play the moves; taps are on what was offered last."""
    person = Person(situation(*where, language))
    said = []
    for kind, what in moves:
        if kind == "write":
            person.write(what)
            said.append(what)
        elif offered := person.tappable():
            person.tap(offered[what % len(offered)])
            said.append(None)
    return person, said


@RUNS
@given(st.sampled_from(_SITUATIONS), steps, st.sampled_from(["en", "hi"]))
def test_any_sequence_is_answered_and_its_state_can_be_kept(where, moves, language):
    person, _ = _play(where, moves, language)
    for before, turn in zip(person.befores, person.turns, strict=True):
        kept = json.loads(json.dumps(turn.state.as_json()))
        assert State.from_json(kept).as_json() == kept
        render(turn, turn.language or before.context.reply_language)


@RUNS
@given(st.sampled_from(_SITUATIONS), st.sampled_from(_TEXTS), st.sampled_from(["en", "hi"]))
def test_a_text_that_is_not_understood_is_not_answered_the_same_way_for_ever(where, text, language):
    person = Person(situation(*where, language))
    said = []
    for _ in range(MOST_REPEATED + 2):
        before = person.situation.state.misses
        turn = person.write(text)
        if not (turn.missed or turn.state.misses > before):
            return  # understood, or a human is called
        said.append([(reply.text, repr(reply.params)) for reply in turn.replies])
    pytest.fail(f"{where}: {text!r} is missed {len(said)} times: {said}")


@RUNS
@given(st.sampled_from(_SITUATIONS), steps)
def test_nothing_grave_follows_from_a_text_that_does_not_say_it(where, moves):
    person, said = _play(where, moves)
    for text, before, turn in zip(said, person.befores, person.turns, strict=True):
        for effect in turn.effects:
            what = grave(effect)
            if what in {"accept", "reject", "withdraw", "erase", "stop"} and text is not None:
                assert meanings()[text] & set(MEANINGS[what]), (before.state.ask, text, what)
            match effect:
                case fx.EraseAccount():
                    assert before.state.ask is Ask.DELETE
                case fx.PostJob(job=job):
                    draft = draft_of(before.state)
                    values = job_values(draft, before.context)
                    assert before.state.ask is Ask.JOB_RIGHT
                    assert values is not None
                    assert token(values) == before.state.draft["token"]
                    assert job == job_text(values)


@RUNS
@given(st.sampled_from([one for one in _SITUATIONS if one[0] == "worker"]), steps)
def test_what_a_worker_has_said_is_lost_only_by_a_correction(where, moves):
    person, said = _play(where, moves)
    for text, before, turn in zip(said, person.befores, person.turns, strict=True):
        profile = before.context.profile
        if profile is None or text is None:
            continue
        for effect in turn.effects:
            if not isinstance(effect, fx.EditProfile):
                continue
            skills = effect.changes.get("skills")
            if skills is not None and before.state.ask not in {Ask.SKILLS, Ask.SKILLS_RIGHT}:
                assert set(profile.skills) <= set(skills), text
            if profile.name and effect.changes.get("name", profile.name) != profile.name:
                named = {"name", "name?"} & meanings()[text]
                assert before.state.ask is Ask.NAME or named, (before.state.ask, text)


_EMPLOYERS = [one for one in _SITUATIONS if one[0] == "employer"]
_LETS_GO = frozenset({"job_dropped", "job_anew", "job_in_past", "job_no_such_day"})
"""Replies that say that an unfinished job, or its days, are left."""
_NEEDS_A_YES = (
    *(
        fx.CancelJob,
        fx.CloseJob,
        fx.RepeatJob,
        fx.AddPositions,
        fx.RaisePay,
        fx.PostJob,
        fx.OpenCompany,
    ),
)
"""Effects on what is posted or promised: each was read back, and a yes or its button followed."""


def _is_denied(text):
    """Whether a text says "not", or "none of these", of anything."""
    words = split_words(text)
    return has_negation(normalize(text)) or phrase_set("none_of_these", "nothing").anywhere(words)


@RUNS
@given(st.sampled_from(_EMPLOYERS), steps, st.sampled_from(["en", "hi"]))
def test_what_an_employer_has_said_of_a_job_is_lost_only_by_a_denial(where, moves, language):
    person, said = _play(where, moves, language)
    for text, before, turn in zip(said, person.befores, person.turns, strict=True):
        kept = is_posting(turn.state) or is_signing_up(turn.state)
        if text is None or "job" not in before.state.draft or not kept:
            continue
        if _LETS_GO & {reply.text for reply in turn.replies} or _is_denied(text):
            continue
        known, now = draft_of(before.state), draft_of(turn.state)
        for part in JobPart:
            assert not known.says(part) or now.says(part), (before.state.ask, text, part)
        assert known.note == "" or now.note or before.state.ask in {Ask.JOB_NOTE, Ask.JOB_PLACE}


@RUNS
@given(st.sampled_from(_EMPLOYERS), steps)
def test_a_newcomer_keeps_the_names_they_gave(where, moves):
    person, said = _play(where, moves)
    for text, before, turn in zip(said, person.befores, person.turns, strict=True):
        if text is None or not is_signing_up(before.state) or not is_signing_up(turn.state):
            continue
        known, now = Newcomer.of(before.state), Newcomer.of(turn.state)
        assert known.company is None or now.company is not None, text
        assert not known.contact or now.contact, text


@RUNS
@given(st.sampled_from(_EMPLOYERS), steps)
def test_nothing_is_posted_changed_or_cancelled_before_it_was_read_back(where, moves):
    person, said = _play(where, moves)
    for text, before, turn in zip(said, person.befores, person.turns, strict=True):
        for effect in turn.effects:
            if not isinstance(effect, _NEEDS_A_YES) or text is None:
                continue
            assert before.state.ask in {Ask.JOB_RIGHT, Ask.POSTED_JOB}, (before.state.ask, text)
            assert before.state.draft.get("token"), text
            assert meanings()[text] & {"yes", "post", "accept", "accept?", "consent", "erase"}, text


# ── Bad input ────────────────────────────────────────────────────────────────────────────────────

_SCRIPTS = (
    "abc ABC 123 ,.?!",
    "कखग राम काम १२३",
    "தமிழ் வேலை",
    "বাংলা কাজ",
    "اردو کام عربی",
    "עברית שלום",
    "ಕನ್ನಡ తెలుగు മലയാളം ਪੰਜਾਬੀ ગુજરાતી ଓଡ଼ିଆ",
    "漢字 かな 한글 кириллица ελληνικά",
    "😀👍🏽🙏❤️👨‍👩‍👧‍👦",
    "\u200b\u200c\u200d\u2060\ufeff\u202e\u202d\u2066\u2069",
    "\u0000\u0007\u001b\t\n\r\u2028",
    "e\u0301\u0308\u0323 \u0939\u093f\u094d",
)
texts = st.one_of(
    st.text(max_size=400),
    st.lists(st.sampled_from(_SCRIPTS).flatmap(lambda s: st.text(s, max_size=60)), max_size=6).map(
        "".join
    ),
    st.lists(st.sampled_from(_TEXTS), min_size=2, max_size=6).map(" ".join),
    st.lists(st.sampled_from(_TEXTS), min_size=2, max_size=4).map("\n".join),
    st.sampled_from(_TEXTS).map(str.upper),
    st.sampled_from(_TEXTS).map(lambda text: text.replace(" ", "")),
    st.sampled_from(_TEXTS).map("\u200b".join),
    st.sampled_from(_TEXTS).map(lambda text: f"\u202e{text}\u202c"),
)


@settings(
    max_examples=examples(200),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(st.sampled_from(_SITUATIONS), texts, st.sampled_from(["en", "hi"]))
@example(("worker", "name"), "", "en")
@example(("worker", "location"), "\u200b", "hi")
def test_whatever_is_written_is_answered(where, text, language):
    person = Person(situation(*where, language))
    before = person.situation
    turn = person.write(text)
    render(turn, turn.language or before.context.reply_language)


@pytest.mark.parametrize("script", _SCRIPTS)
def test_the_longest_message_in_any_script_is_answered(script):
    text = (script * 4096)[:4096]
    for where in _SITUATIONS:
        turn = Person(situation(*where, "en")).write(text)
        render(turn, turn.language or "en")
        assert not any(
            isinstance(effect, fx.AnswerOffer | fx.EraseAccount) for effect in turn.effects
        )
