"""Reading a job in people's words: "waiter, Saturday 10-6, Bandra, 2 people, 150/hour". Pure.

What is sure by its form goes first (pay, people, dates), then days and hours, then the role and the
place, which are names. Whatever comes of it is read back before anybody is asked, and what nobody
could read stays as a note that is read back too: nothing is dropped in silence.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from app.catalogue import places, skills
from app.chat import free_times
from app.chat.employer import dates, pay
from app.chat.employer.dates import TAKEN, any_of
from app.chat.employer.draft import EVERY_SHIFT, Draft
from app.chat.understand import folded
from app.core.masking import mask
from app.core.week import DAY

MOST_CHARACTERS: Final = 300
MOST_PEOPLE: Final = 500
NOTE_CHARACTERS: Final = 200
_SAME_PLACE_KM: Final = 6.0
"""Parts of one locality: which of them is meant changes nobody's way to work."""
_MOST_OPTIONS: Final = 8
_LONGEST_NAME: Final = 4
"""Words in the name of a role, or of a place."""
_MOST_LOOKED_AT: Final = 10
"""Words of a sentence in which a place is looked for."""
_LEAST_LETTERS: Final = 4

_NUMBERS: Final[Mapping[str, int]] = {
    folded(word): number
    for number, words in enumerate(
        (
            "one ek एक",
            "two do दो",
            "three teen tin तीन",
            "four char chaar चार",
            "five panch paanch पांच पाँच",
            "six chhe che chhah छह छः",
            "seven saat सात",
            "eight aath आठ",
            "nine nau नौ",
            "ten das दस",
        ),
        start=1,
    )
    for word in words.split()
}
_ONE: Final = frozenset({"a", "an", "1"})
_NUMBERED: Final = frozenset("class std standard grade kaksha sector gate no number floor".split())
"""Words whose number says which, and not how many: "class 8 maths"."""
_COUNT: Final = rf"(\d{{1,3}}|{any_of('|'.join(_NUMBERS))})"
_PEOPLE: Final = re.compile(
    rf"(?<![\d:.,-]){_COUNT}\s*(?:more\s+|x\s+)?"
    + any_of(
        "people|persons|person|peoples|pax|workers|worker|candidates|candidate|positions|position|"
        "openings|opening|vacancy|vacancies|members|log|logo|logon|loge|bande|banda|aadmi|admi|"
        "ppl|boys|girls|guys|ladke|ladkiyan|लोग|लोगों|बंदे|आदमी|जन|व्यक्ति|vyakti|staff|nos|helpers needed"
    )
)
_WANTED: Final = re.compile(
    rf"(?:{any_of('need|needed|want|require|chahiye|hiring|x')}\s*){_COUNT}(?=\s*(?:[,;|।]|$))"
    rf"|(?<![\d:.,-]){_COUNT}\s*{any_of('chahiye|chahie|chaiye|needed|required|wanted|चाहिए')}"
)

_EXPERIENCE: Final = re.compile(
    rf"(\d{{1,2}})\s*\+?\s*{any_of('years|year|yrs|yr|saal|sal|साल')}\s*(?:of |ka |का )?\s*"
    rf"{any_of('experience|experienced|exp|anubhav|tajurba|अनुभव|तजुर्बा')}"
    rf"|{any_of('experience|exp|अनुभव')}\s*(?:of |: ?)?(\d{{1,2}})\s*{any_of('years|year|yrs|saal|साल')}"
)
_RADIUS: Final = re.compile(
    rf"(?:{any_of('within|radius|upto|up to|max|in|from')}\s*(?:of\s*)?)?(?<![\d.])(\d{{1,3}}(?:\.\d)?)\s*"
    rf"{any_of('km|kms|kilometer|kilometers|kilometre|kilometres|किमी|किलोमीटर')}"
    r"(?:\s*(?:radius|ke andar|के अंदर|tak|तक|around))?"
)
_PIN: Final = re.compile(r"(?<![\d₹])([1-9]\d{2}\s?\d{3})(?![\d/])")
_BETWEEN: Final = re.compile(r"[,;|।\n]|\s[/+•*]\s|\s-\s(?!\d)|\.(?=\s|$)")

_FILLERS: Final = frozenset(
    folded(word)
    for word in (
        "need needed needs want wanted wants require required requires requirement hire hiring "
        "looking for urgent urgently asap please pls plz i we us me my our a an the and aur or with "
        "of is are be on in at to job jobs work post posting staff vacancy chahiye chahie chaiye "
        "chahte hai hain hu hoon ho ko ke ka ki liye mujhe mujhko mereko hume humein hamein hamko "
        "jaldi kaam part time part-time parttime full shift shifts timing timings hours hour hrs "
        "salary pay paid paying per only immediately apply sir madam bhai ji hello hi hey day days week "
        "month date dates from till as who can will do some any people persons there someone "
        "somebody person new one also this that per each every rs inr se tak mein main par wala "
        "wale wali baje रोज चाहिए है हैं को के का की में मे पर और मुझे हमें हमको लिए काम जल्दी से तक एक "
        "वाला वाले वाली बजे लोग place area location role position positions starting start x"
    ).split()
)
_AT: Final = frozenset(folded(w) for w in "in at near around @ from location place area".split())
_BY: Final = frozenset(
    folded(word) for word in "mein main me par pe ke paas ki taraf में मे पर पास के area".split()
)


def read(
    text: str,
    now_here: dt.date,
    *,
    language: str = "en",
    currency: str = "INR",
    city: str | None = None,
) -> Draft:
    """Return what a text says of a job; `now_here` is the day where it is written.

    A locality that several cities have is looked for in `city` first.
    """
    plain = folded(text[:MOST_CHARACTERS].replace("\n", " , "))
    plain, draft = pay.take(plain, currency)
    plain, draft = _figures(plain, draft)
    plain, draft = pay.take_alone(plain, draft, currency)
    when = dates.read(plain, now_here)
    draft = replace(draft, starts_on=when.starts_on, ends_on=when.ends_on, days=when.days)
    draft, chunks = _week(when.rest, when.weekly, draft)
    return _names(chunks, draft, language, city)


def wanted(text: str) -> tuple[bool, int | None]:
    """Whether a text names a role, and how many people it says are wanted.

    One is said of oneself, too ("I am a cook", "1 waiter"): it counts only as "1 person".
    """
    plain, draft = _figures(folded(text[:MOST_CHARACTERS].replace("\n", " , ")), Draft())
    named, people = False, draft.people
    for chunk in _BETWEEN.split(plain):
        _, roles, some = _roles_in(chunk)
        named = named or bool(roles)
        people = people or (some if some is not None and some > 1 else None)
    return named, people


# ── People, experience, distance, PIN code ───────────────────────────────────────────────────────


def _figures(text: str, draft: Draft) -> tuple[str, Draft]:
    if match := _EXPERIENCE.search(text):
        draft = replace(draft, years=int(match[1] or match[2]))
        text = text[: match.start()] + TAKEN + text[match.end() :]
    if match := _RADIUS.search(text):
        draft = replace(draft, radius_km=min(max(float(match[1]), 0.5), 500.0))
        text = text[: match.start()] + TAKEN + text[match.end() :]
    for pattern in (_PEOPLE, _WANTED):
        match = pattern.search(text)
        if match is None:
            continue
        people = count(next(part for part in match.groups() if part))
        if people is not None:
            draft = replace(draft, people=people)
            text = text[: match.start()] + TAKEN + text[match.end() :]
            break
    if (match := _PIN.search(text)) and (found := places.by_pin(match[1])):
        draft = replace(draft, place=option(found))
        text = text[: match.start()] + TAKEN + text[match.end() :]
    return text, draft


def count(text: str) -> int | None:
    """Return a number of people, in digits or in words; None where it is none."""
    word = folded(text).strip(" .!")
    number = _NUMBERS.get(word) or (int(word) if re.fullmatch(r"\d{1,3}", word) else None)
    return number if number is not None and 1 <= number <= MOST_PEOPLE else None


# ── Days and hours ───────────────────────────────────────────────────────────────────────────────


def _week(text: str, weekly: bool | None, draft: Draft) -> tuple[Draft, list[str]]:
    """Read the week out of a text; return it with what is left of each part."""
    runs: list[str] = []
    chunks: list[str] = []
    for part in _BETWEEN.split(text):
        left: list[str] = []
        words = part.split()
        at = 0
        while at < len(words):
            end = _longest(words, at)
            if end is None:
                left.append(words[at])
                at += 1
                continue
            runs.append(" ".join(words[at:end]))
            chunks.append(" ".join(left))
            left, at = [], end
        chunks.append(" ".join(left))
    said = ", ".join(runs)
    slots = free_times.read(said) if said else None
    if not slots:
        return draft, [chunk for chunk in chunks if chunk]
    days = tuple(sorted({slot.weekday for slot in slots}))
    spans = {
        day: tuple((slot.start, slot.end) for slot in slots if slot.weekday == day) for day in days
    }
    told = {day: () if _whole(found) else found for day, found in spans.items()}
    if not dates.names_days(said):
        some = next(iter(told.values()))
        return _timed(draft, (), None, {EVERY_SHIFT: some}), [c for c in chunks if c]
    same = len(set(told.values())) == 1
    hours = {EVERY_SHIFT: told[days[0]]} if same else told
    if weekly is None and dates.said_weekly(said):
        weekly = True
    if weekly is None and len(days) == 1 and draft.per not in {"week", "month"}:
        weekly = False
    return _timed(draft, days, weekly, hours), [c for c in chunks if c]


def _timed(
    draft: Draft,
    days: tuple[int, ...],
    weekly: bool | None,
    hours: Mapping[int, tuple[tuple[int, int], ...]],
) -> Draft:
    spans = tuple((day, start, end) for day, found in hours.items() for start, end in found)
    return replace(draft, days=days or draft.days, weekly=weekly, spans=spans)


def _whole(spans: tuple[tuple[int, int], ...]) -> bool:
    """Whether these are a whole day, which says nothing about a shift's hours."""
    return sum((end - start) % DAY or DAY for start, end in spans) >= DAY


def _longest(words: Sequence[str], at: int) -> int | None:
    """Where the longest run of words that tells days or hours ends."""
    for end in range(min(len(words), at + 12), at, -1):
        if free_times.read(" ".join(words[at:end])) is not None:
            return end
    return None


# ── Role and place ───────────────────────────────────────────────────────────────────────────────


def _names(chunks: Sequence[str], draft: Draft, language: str, city: str | None) -> Draft:
    left: list[str] = []
    roles: list[str] = []
    for chunk in chunks:
        rest, found, people = _roles_in(chunk)
        roles += found
        if people is not None and draft.people is None:
            draft = replace(draft, people=people)
        left += [part for part in rest if part]
    roles = [*dict.fromkeys(roles)]
    if len(roles) == 1:
        draft = replace(draft, skill=roles[0])
    elif roles:
        draft = replace(draft, skills=tuple(roles[:_MOST_OPTIONS]))
    notes: list[str] = []
    for chunk in left:
        draft, note = _place_or_role(chunk, draft, language, city)
        notes += [note] if note else []
    # It is kept with the conversation, which holds no phones, and shown to workers.
    return replace(draft, note=mask(", ".join(notes))[:NOTE_CHARACTERS])


def _place_or_role(chunk: str, draft: Draft, language: str, city: str | None) -> tuple[Draft, str]:
    words = _trimmed(chunk.split())
    if not words:
        return draft, ""
    needs_role = draft.skill is None and not draft.skills
    if (people := count(words[0])) is not None and draft.people is None:
        if len(words) == 1:
            return replace(draft, people=people), ""
        if needs_role and _begins_a_role(" ".join(words[1:])):
            words, draft = words[1:], replace(draft, people=people)
    said = " ".join(words)
    if needs_role and not _marked(chunk) and _begins_a_role(said):
        return _role(said, draft, language), ""
    if draft.place is None and not draft.places:
        found, name, note = _place_in(words, city)
        if found:
            placed = _placed(draft, found, name)
            return _place_or_role(note, placed, language, city) if needs_role else (placed, note)
    if needs_role:
        guessed = _role(said, draft, language)
        if guessed is not draft:
            return guessed, ""
    return draft, said if any(len(word) >= _LEAST_LETTERS for word in words) else ""


def _marked(chunk: str) -> bool:
    words = chunk.split()
    return words[0] in _AT or words[-1] in _BY


def _trimmed(words: list[str]) -> list[str]:
    while words and words[0].strip(".!?:") in _FILLERS | _AT:
        words = words[1:]
    while words and words[-1].strip(".!?:") in _FILLERS | _BY:
        words = words[:-1]
    return [word.strip("!?:") for word in words]


def _roles_in(chunk: str) -> tuple[list[str], list[str], int | None]:
    """Take the roles named exactly out of a chunk; return what is left, them, and how many people."""
    words = chunk.split()
    for length in range(min(_LONGEST_NAME, len(words)), 0, -1):
        for at in range(len(words) - length + 1):
            slug = _named(words[at : at + length])
            if slug is None:
                continue
            before, people = words[:at], None
            numbered = len(before) > 1 and before[-2] in _NUMBERED
            if before and not numbered and (before[-1] in _ONE or count(before[-1]) is not None):
                people = 1 if before[-1] in _ONE else count(before[-1])
                before = before[:-1]
            left, first, some = _roles_in(" ".join(before))
            right, last, more = _roles_in(" ".join(words[at + length :]))
            return [*left, *right], [*first, slug, *last], people or some or more
    return [chunk], [], None


def _named(words: Sequence[str]) -> str | None:
    said = skills.fold(" ".join(words))
    if not said or said in _FILLERS:
        return None
    for form in (said, said.removesuffix("s"), said.removesuffix("es")):
        if slug := _role_names().get(form):
            return slug
    return None


@cache
def _role_names() -> Mapping[str, str]:
    return {
        skills.fold(name): skill.slug
        for skill in skills.SKILLS.values()
        for name in (skill.name_en, skill.name_hi, *skill.aliases)
    }


def _begins_a_role(said: str) -> bool:
    wanted = skills.fold(said).removesuffix("s")
    if len(wanted) < _LEAST_LETTERS:
        return False
    return any(
        name.startswith(wanted) or any(word.startswith(wanted) for word in name.split())
        for name in _role_names()
    )


def _role(said: str, draft: Draft, language: str) -> Draft:
    found = [skill.slug for skill in skills.search(said, language, _MOST_OPTIONS)]
    if not found:
        found = [s.slug for s in skills.search(said.removesuffix("s"), language, _MOST_OPTIONS)]
    if not found:
        return draft
    if len(found) == 1:
        return replace(draft, skill=found[0])
    return replace(draft, skills=tuple(found))


def _placed(draft: Draft, found: Sequence[places.Place], said: str) -> Draft:
    named = [p for p in found if f"{skills.fold(p.name)} ".startswith(f"{said} ")]
    found = named or found
    if not _one_place(found):
        return replace(draft, places=tuple(option(place) for place in found))
    chosen = option(found[0])
    name = found[0].name
    if named:
        # "Bandra" has an east and a west; whoever says only Bandra is told only Bandra.
        chosen["name"] = " ".join(name.split()[: len(said.split())])
        near = [place for place in found if _beside(place, found[0])]
        chosen["at"] = [
            round(sum(place.latitude for place in near) / len(near), 5),
            round(sum(place.longitude for place in near) / len(near), 5),
        ]
    return replace(draft, place=chosen)


def find_places(text: str, city: str | None = None) -> Draft:
    """Return the place a whole text means, or those to choose from, as a draft that knows no more."""
    whole = places.search(text[:MOST_CHARACTERS], _MOST_OPTIONS) if "," in text else []
    if sure := [place for place in whole if place.sure]:
        # An address is read whole: "Andheri West, Mumbai, Maharashtra" is not all of Mumbai.
        return _placed(Draft(), sure, skills.fold(text.partition(",")[0]))
    words = _trimmed(folded(text[:MOST_CHARACTERS]).replace(",", " , ").split())
    found, said, _ = _place_in(words, city) if words else ([], "", "")
    return _placed(Draft(), found, said) if found else Draft()


def _place_in(words: Sequence[str], city: str | None) -> tuple[list[places.Place], str, str]:
    """The places that the longest run of these words names, the run, and the other words."""
    for at, end in _runs(words):
        said = " ".join(words[at:end])
        if end - at < len(words) and (len(said) < _LEAST_LETTERS or said in _FILLERS):
            continue
        if found := _search(said, city):
            rest = _trimmed([*words[:at], *words[end:]])
            return found, skills.fold(said), " ".join(rest)
    return [], "", ""


def _runs(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where a place may be named, the likeliest first: what follows "in", then the longer run, later first.

    In a long sentence only its end is looked at, because every look costs a search.
    """
    for at, word in enumerate(words[:-1]):
        if word in _AT:
            for end in range(min(len(words), at + 1 + _LONGEST_NAME), at + 1, -1):
                yield at + 1, end
            break
    first = max(0, len(words) - _MOST_LOOKED_AT)
    for length in range(min(len(words), _LONGEST_NAME + 1), 0, -1):
        for at in range(len(words) - length, first - 1, -1):
            if any(character.isalpha() for character in words[at]):
                yield at, at + length


def _search(said: str, city: str | None) -> list[places.Place]:
    if city and skills.fold(said) != skills.fold(city):
        near = places.search(f"{said}, {city}", _MOST_OPTIONS)
        # Of a locality nobody knows the city alone is found: that was not what was said.
        if near and not any(skills.fold(place.name) == skills.fold(city) for place in near):
            return near
    return places.search(said, _MOST_OPTIONS)


def _one_place(found: Sequence[places.Place]) -> bool:
    first = found[0]
    if first.kind == "city" and first.people > 100_000:
        return True
    return all(_beside(place, first) for place in found)


def _beside(place: places.Place, other: places.Place) -> bool:
    return (
        abs(place.latitude - other.latitude) < _SAME_PLACE_KM / 111
        and abs(place.longitude - other.longitude) < _SAME_PLACE_KM / 100
    )


def option(place: places.Place) -> dict[str, Any]:
    """Return a place as a draft keeps it."""
    # A PIN code's own city is only its district.
    nearest = places.nearest_city(place.latitude, place.longitude)
    return {
        "name": place.name,
        "city": nearest.name if nearest and place.kind != "city" else place.city,
        "state": place.state or "",
        "at": [place.latitude, place.longitude],
        "zone": place.time_zone,
    }
