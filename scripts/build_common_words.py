"""Make `app/nlu/data/common_words.txt` and `person_names.txt` again from the packages that ship the sources.

Needs the development packages `wordfreq` (how often a word is used), `faker` and `indian-names`. Run from the
project's root: `python -m scripts.build_common_words`. The bytes are the same every time.

- A common word is none of a person's name and no small place: "later", "metro" and "baad" were once saved as
  villages. Kept are the words of English and Hindi that people use most, without first names, and without
  the names of Indian cities that people really mean. A word that is also the name of a known quarter stays
  out where it is seldom used as a word.
- The words of Hindi stand in Devanagari; how they sound (`app.catalogue.phonetics`) tells them in Latin letters.
- A person's name is a first or a last name of India, in Latin letters or Devanagari, or a Western first name.
"""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from faker.providers.person.en_IN import Provider as English
from faker.providers.person.en_US import Provider as Western
from faker.providers.person.hi_IN import Provider as Hindi
from wordfreq import top_n_list

from app.catalogue import places
from app.catalogue.skills import fold
from app.nlu.common_words import said_around

INDIAN = ("first.female.names", "first.male.names", "last.names")
FOLDER = Path(__file__).resolve().parent.parent / "app/nlu/data"
WORDS = {"en": 12_000, "hi": 8_000}
"""How many of each language's most used words are common."""
VERY_COMMON = 3_000
"""So many of them are common whatever quarter is called so."""
CITY_PEOPLE = 100_000
"""A city at home of so many people is meant by its name."""
MORE_NAMES = (
    "md arif rehman abdul khan shaikh sheikh salman mohammed mohd santosh vikas imran aslam संतोष "
    "विकास खान शेख सलमान रमेश सुरेश महेश दिनेश राजेश मुकेश गणेश नरेश विनोद प्रकाश संजय अजय विजय राहुल रोहित मोहित "
    "सचिन पंकज मनोज दीपक राकेश अशोक अनिल सुनील कमल पवन अरुण वरुण राज राजू सोनू मोनू गुड्डू पूजा आरती सीता गीता "
    "रीता अनीता सुनीता कविता सविता ममता लता रेखा आशा उषा नेहा प्रिया काजल कोमल ज्योति किरण सपना रानी राधा मीना "
    "रुखसाना शबाना फातिमा आयशा इमरान सलीम अकबर जावेद अहमद मोहम्मद कुमार कुमारी देवी सिंह यादव शर्मा वर्मा गुप्ता "
    "मिश्रा पांडे तिवारी चौधरी पटेल जाधव पवार शिंदे पाटिल मोहन सोहन श्याम राम लक्ष्मी सरस्वती पार्वती"
).split()
"""Names that many have and no source lists."""
LEAST_LETTERS = 2
NEVER_NAMES = {"en": 1_000, "hi": 150}
"""So many of the most used words are no names, although somebody may be called so: "काम" is work, "will"."""


def person_names() -> set[str]:
    """Return first and last names, folded."""
    names: Iterable[str] = (
        *English.first_names,
        *English.last_names,
        *Western.first_names,
        *MORE_NAMES,
        *Hindi.first_names,
        *Hindi.last_names,
        *(
            name
            for file in INDIAN
            for name in files("indian_names").joinpath(file).read_text().split()
        ),
    )
    never = {fold(word) for each, count in NEVER_NAMES.items() for word in top_n_list(each, count)}
    found = {word for name in names for word in fold(name).split() if len(word) >= LEAST_LETTERS}
    return found - never - said_around()


def common_words(names: set[str]) -> set[str]:
    """Return the common words of each language, folded."""
    cities = {
        folded
        for folded, where, _ in places.names_at_home()
        if isinstance(where, places.Place) and where.people >= CITY_PEOPLE
    }
    quarters = {
        folded for folded, where, _ in places.names_at_home() if not isinstance(where, places.Place)
    }
    found: set[str] = set()
    for language, count in WORDS.items():
        for rank, word in enumerate(top_n_list(language, count)):
            folded = fold(word)
            if len(folded) < LEAST_LETTERS or " " in folded or folded in cities or folded in names:
                continue
            if rank < VERY_COMMON or folded not in quarters:
                found.add(folded)
    return {word for word in found if word.isalpha() or not word.isascii()}


def main() -> None:
    """Write both lists, sorted, a word a line."""
    names = person_names()
    for file, words in (
        ("person_names.txt", names),
        ("common_words.txt", common_words(names)),
    ):
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / file).write_text("\n".join(sorted(words)) + "\n", encoding="utf-8")
        print(f"{file}: {len(words)}")


if __name__ == "__main__":
    main()
