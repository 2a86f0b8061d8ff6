"""The scanner of phrases: nothing lost, the longest phrase first, in linear time."""

from hypothesis import given
from hypothesis import strategies as st

from app.nlu.lexicon import Lexicon

WORDS = st.sampled_from("go on going home now 5".split())
TEXTS = st.lists(WORDS, max_size=12)
PHRASES = st.lists(st.lists(WORDS, min_size=1, max_size=3).map(" ".join), min_size=1, unique=True)


def lexicon_of(phrases: list[str]) -> Lexicon[str]:
    return Lexicon((phrase, phrase) for phrase in phrases)


@given(PHRASES, TEXTS)
def test_spans_cover_every_word_once_and_in_order(phrases: list[str], words: list[str]) -> None:
    spans = lexicon_of(phrases).scan(words)
    assert [word for span in spans for word in span.words] == words
    assert all(list(span.words) == words[span.start :][: len(span.words)] for span in spans)


@given(PHRASES, TEXTS)
def test_a_span_is_the_longest_known_phrase_or_one_unknown_word(
    phrases: list[str], words: list[str]
) -> None:
    for span in lexicon_of(phrases).scan(words):
        rest = " ".join(words[span.start :]) + " "
        fitting = [phrase for phrase in phrases if rest.startswith(f"{phrase} ")]
        assert span.meaning == max(fitting, key=len, default=None)
        assert " ".join(span.words) == (span.meaning or words[span.start])


@given(PHRASES, TEXTS)
def test_what_is_left_without_the_phrases_is_what_was_unknown(
    phrases: list[str], words: list[str]
) -> None:
    lexicon = lexicon_of(phrases)
    unknown = [span.words[0] for span in lexicon.scan(words) if span.meaning is None]
    assert lexicon.without(words) == unknown
    trimmed = lexicon.without(words, ends_only=True)
    assert trimmed[:1] == unknown[:1]
    assert trimmed[-1:] == unknown[-1:]
    assert " ".join(trimmed) in " ".join(words)


@given(PHRASES, TEXTS)
def test_phrases_cover_words_of_which_none_is_unknown(phrases: list[str], words: list[str]) -> None:
    lexicon = lexicon_of(phrases)
    assert lexicon.covers(words) == (lexicon.without(words) == [])
    assert lexicon.anywhere(words) == any(lexicon.at(words, at) for at in range(len(words)))


def test_of_a_phrase_given_twice_the_first_meaning_counts() -> None:
    assert Lexicon([("home", 1), ("home", 2)]).scan(["home"])[0].meaning == 1


def test_a_phrase_is_compared_in_one_spelling() -> None:
    assert Lexicon([("हाँ जी", True)]).anywhere(["हां", "जी"])
