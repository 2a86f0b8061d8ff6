"""The people and jobs of the demonstration: made up, at real places, the same for the same seed."""

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.catalogue import places

SEED: Final = 20_261_123

BRUNCH_CREW: Final = 60
"""Enough for the story to be told many times: each time somebody accepts and is busy afterwards."""

FIRST_PHONE: Final = 7_000_100_001
"""Numbers of the demonstration; whoever they belong to in life, nothing leaves the sandbox."""


@dataclass(frozen=True)
class Town:
    """Somewhere people live: its share of the workers, its PIN codes and its names."""

    name: str
    pin_starts: tuple[str, ...]
    centre_pin: str
    share: float
    names: tuple[str, ...]
    hindi: float
    """Share of people who use Partimer in Hindi."""
    metro: bool = True


TOWNS: Final = (
    Town("Mumbai", ("4000", "4001"), "400050", 0.34, ("marathi", "hindi", "urdu"), 0.35),
    Town("Delhi", ("1100",), "110001", 0.30, ("hindi", "punjabi", "urdu"), 0.45),
    Town("Bengaluru", ("5600", "5601"), "560001", 0.26, ("kannada", "tamil", "hindi"), 0.10),
    Town("Ratnagiri", ("4156",), "415612", 0.06, ("marathi",), 0.30, metro=False),
    Town("Palampur", ("1760", "1761"), "176061", 0.04, ("hindi", "punjabi"), 0.60, metro=False),
)

_FIRST: Final = {
    "marathi": "Aarti Sneha Pooja Swapnil Omkar Prathamesh Vaishali Ashwini Sachin Rohan Tejas Manasi "
    "Sayali Amruta Nikhil Sagar Ganesh Kiran Madhuri Shubham आरती स्नेहा ओंकार सचिन गणेश मनाली",
    "hindi": "Ravi Sunita Anjali Deepak Pooja Rahul Suman Vikas Neha Manoj Rekha Sanjay Kavita Ajay "
    "Priya Mukesh Geeta Rakesh Nisha Arvind सुनीता रवि अंजलि दीपक पूजा राहुल कविता मनोज",
    "urdu": "Imran Ayesha Salman Shabana Faizan Zoya Arif Nazia Danish Rukhsar Aamir Sana Irfan Heena",
    "punjabi": "Gurpreet Harpreet Simran Jaspreet Manpreet Kulwinder Amandeep Navjot Baljeet Rajwinder",
    "kannada": "Manjunath Lakshmi Shwetha Kavya Naveen Prakash Roopa Girish Bhavya Chethan Asha Suresh",
    "tamil": "Karthik Divya Murugan Priya Senthil Meena Vignesh Revathi Saravanan Kavitha Anand Latha",
}
_LAST: Final = {
    "marathi": "Kulkarni Patil Jadhav Shinde Deshmukh Pawar More Gaikwad Joshi Sawant Kadam Chavan "
    "पाटील जाधव शिंदे कदम",
    "hindi": "Sharma Verma Yadav Gupta Singh Kumar Mishra Chauhan Tiwari Pandey शर्मा वर्मा यादव सिंह",
    "urdu": "Khan Shaikh Ansari Qureshi Siddiqui Pathan Sayyed Mirza",
    "punjabi": "Singh Kaur Gill Sidhu Dhillon Sandhu Bajwa",
    "kannada": "Gowda Shetty Rao Hegde Reddy Naik Bhat",
    "tamil": "Murugan Krishnan Raman Selvam Pandian Natarajan",
}

_LATIN_SHARE: Final = 0.8

_OCCUPATIONS: Final = (
    # weight, skills of which some are known, years of experience at most
    (14, ("waiter", "catering", "host", "bartender", "barista"), 8),
    (10, ("cook", "kitchen_helper", "dishwasher", "fast_food", "tandoor_cook"), 15),
    (12, ("bike_delivery", "cycle_delivery", "car_driver", "van_driver"), 10),
    (10, ("picker_packer", "loader", "sorter", "stock_clerk", "factory_helper"), 8),
    (11, ("office_cleaner", "home_cleaner", "laundry", "deep_cleaning", "room_attendant"), 15),
    (10, ("shop_assistant", "cashier", "shelf_filler", "promoter"), 7),
    (7, ("child_care", "elder_care", "home_cook", "nursing_aide"), 15),
    (7, ("event_staff", "stagehand", "decorator", "photographer", "anchor", "mehndi"), 6),
    (6, ("security_guard", "bouncer", "parking_attendant", "cctv"), 12),
    (6, ("construction_helper", "mason", "painter", "carpenter", "tiler"), 18),
    (5, ("electrician", "plumber", "ac_technician", "handyman"), 14),
    (8, ("tutor", "maths_tutor", "english_tutor", "exam_invigilator", "music_teacher"), 6),
    (8, ("data_entry", "telecaller", "call_centre", "reception", "accounts"), 6),
    (4, ("beautician", "hairdresser", "tailor", "embroidery"), 12),
    (3, ("gardener", "farm_worker", "pet_care", "dairy_worker"), 15),
)

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday")
_WEEKEND: Final = ("saturday", "sunday")
_HABITS: Final = (
    # weight, days, start, end
    (26, _WEEKDAYS, "17:00", "22:00"),
    (24, _WEEKEND, "08:00", "22:00"),
    (14, (*_WEEKDAYS, "saturday"), "09:00", "14:00"),
    (12, (*_WEEKDAYS, *_WEEKEND), "08:00", "20:00"),
    (8, ("friday", *_WEEKEND), "18:00", "02:00"),
    (8, (*_WEEKDAYS, *_WEEKEND), "21:00", "05:00"),
    (8, ("monday", "wednesday", "friday", "saturday"), "10:00", "18:00"),
)

_JOBS: Final[
    tuple[tuple[str, str, list[str], list[str], tuple[str, ...], str, str, int, int], ...]
] = (
    # title, category, required, preferred, days, start, end, positions, pay an hour in paise
    (
        "Waiter for weekend brunch",
        "hospitality",
        ["waiter"],
        ["host"],
        _WEEKEND,
        "10:00",
        "18:00",
        2,
        15_000,
    ),
    (
        "Barista for the evening shift",
        "hospitality",
        ["barista"],
        [],
        _WEEKDAYS,
        "17:00",
        "22:00",
        1,
        14_000,
    ),
    (
        "Kitchen helper",
        "hospitality",
        ["kitchen_helper"],
        ["dishwasher"],
        _WEEKDAYS,
        "17:00",
        "22:00",
        2,
        11_000,
    ),
    (
        "Catering staff for a wedding",
        "events",
        ["catering"],
        ["waiter"],
        _WEEKEND,
        "16:00",
        "22:00",
        4,
        16_000,
    ),
    (
        "Bike delivery, dinner hours",
        "delivery",
        ["bike_delivery"],
        [],
        _WEEKDAYS,
        "18:00",
        "22:00",
        5,
        13_000,
    ),
    (
        "Picker and packer, weekend sale",
        "warehouse",
        ["picker_packer"],
        ["sorter"],
        _WEEKEND,
        "09:00",
        "17:00",
        5,
        10_500,
    ),
    (
        "Office cleaner, mornings",
        "cleaning",
        ["office_cleaner"],
        [],
        _WEEKDAYS,
        "09:00",
        "12:00",
        2,
        10_000,
    ),
    (
        "Shop assistant, festive season",
        "retail",
        ["shop_assistant"],
        ["cashier"],
        _WEEKEND,
        "11:00",
        "20:00",
        3,
        11_500,
    ),
    (
        "Maths tutor, classes 8 to 10",
        "teaching",
        ["maths_tutor"],
        ["tutor"],
        _WEEKDAYS,
        "17:00",
        "19:00",
        1,
        30_000,
    ),
    (
        "Night security guard",
        "security",
        ["security_guard"],
        [],
        _WEEKDAYS,
        "22:00",
        "05:00",
        2,
        9_500,
    ),
    ("Data entry, evenings", "office", ["data_entry"], [], _WEEKDAYS, "17:00", "21:00", 2, 12_000),
    (
        "Elder care, mornings",
        "care",
        ["elder_care"],
        ["nursing_aide"],
        _WEEKDAYS,
        "09:00",
        "13:00",
        1,
        14_500,
    ),
)

_COMPANIES: Final = (
    "Hill Road Cafe", "Sagar Caterers", "Kirana Junction", "Blue Door Bistro", "Swift Parcels",
    "Shanti Residency", "Mehta Textiles", "Green Leaf Foods", "Sunrise Coaching", "Metro Facility Services",
)  # fmt: skip

DEMO_PASSWORD: Final = "a demonstration password"


@dataclass(frozen=True)
class Citizen:
    """A worker to be registered."""

    body: dict[str, Any]
    """The request to register."""
    week: list[dict[str, str]]
    address: str
    """The address they come from, as a proxy would tell it."""


@dataclass(frozen=True)
class Company:
    """An employer to be registered, with the jobs to post."""

    body: dict[str, Any]
    address: str
    jobs: list[dict[str, Any]] = field(default_factory=list)


def _pins(town: Town) -> list[places.Place]:
    found = [
        place for pin in _pin_codes(town.pin_starts) if (place := places.by_pin(pin)) is not None
    ]
    centre = places.by_pin(town.centre_pin)
    return found or ([centre] if centre else [])


def _pin_codes(starts: Sequence[str]) -> Iterator[str]:
    for start in starts:
        for number in range(10 ** (6 - len(start))):
            yield f"{start}{number:0{6 - len(start)}d}"


def workers(count: int, run: int) -> list[Citizen]:
    """Return `count` workers; another `run` gives other people with other phones."""
    chance = random.Random(SEED + run)  # noqa: S311 - a story, not a secret
    made = _brunch_crew(chance, min(BRUNCH_CREW, count), run)
    for town in TOWNS:
        pins = _pins(town)
        for _ in range(min(round(count * town.share), count - len(made))):
            made.append(_citizen(chance, town, chance.choice(pins), run, len(made)))
    while len(made) < count:
        town = TOWNS[0]
        made.append(_citizen(chance, town, chance.choice(_pins(town)), run, len(made)))
    return made[:count]


def _brunch_crew(chance: random.Random, count: int, run: int) -> list[Citizen]:
    """Return waiters around Bandra who are free at weekends: whom the story's job is looking for."""
    town = TOWNS[0]
    home = places.by_pin(town.centre_pin)
    if home is None:
        return []
    crew = []
    for number in range(count):
        citizen = _citizen(chance, town, home, run, number)
        at = {
            "latitude": round(home.latitude + chance.uniform(-0.05, 0.05), 5),
            "longitude": round(home.longitude + chance.uniform(-0.01, 0.05), 5),
        }
        wants = {"skills": ["host", "waiter"] if number % 3 else ["waiter"], "location": at}
        start = chance.choice(("08:00", "09:00", "10:00", "12:00"))
        week = [{"weekday": day, "start": start, "end": "22:00"} for day in _WEEKEND]
        body = citizen.body | wants | {"max_distance_km": float(chance.choice((8, 10, 15)))}
        crew.append(Citizen(body, week, citizen.address))
    return crew


def _citizen(
    chance: random.Random, town: Town, home: places.Place, run: int, number: int
) -> Citizen:
    tongue = chance.choice(town.names)
    weights = [row[0] for row in _OCCUPATIONS]
    _, known, most_years = chance.choices(_OCCUPATIONS, weights)[0]
    habit = chance.choices(_HABITS, [row[0] for row in _HABITS])[0]
    scatter = 0.008 if town.metro else 0.02
    body = {
        "name": _name(chance, tongue),
        "phone": f"+91{FIRST_PHONE + run * 100_000 + number}",
        "consent": True,
        "language": "hi" if chance.random() < town.hindi else "en",
        "city": town.name,
        "location": {
            "latitude": round(home.latitude + chance.uniform(-scatter, scatter), 5),
            "longitude": round(home.longitude + chance.uniform(-scatter, scatter), 5),
        },
        "skills": sorted(chance.sample(known, chance.randint(1, min(3, len(known))))),
        "experience_years": min(most_years, int(chance.expovariate(0.35))),
        "max_distance_km": float(chance.choice((3, 5, 5, 8, 10, 10, 15, 25))),
    }
    _, days, start, end = habit
    week = [{"weekday": day, "start": start, "end": end} for day in days]
    return Citizen(body, week, _address(run, number))


def _name(chance: random.Random, tongue: str) -> str:
    """Return a name in one script: some people write theirs in Devanagari, where there is a choice."""
    firsts, lasts = _FIRST[tongue].split(), _LAST[tongue].split()
    own = [name for name in firsts if not name.isascii()]
    plain = bool(not own or chance.random() < _LATIN_SHARE)
    first = chance.choice([name for name in firsts if name.isascii() == plain])
    return f"{first} {chance.choice([name for name in lasts if name.isascii() == plain])}"


def _address(run: int, number: int) -> str:
    """Return an address of the range set aside for testing between networks (RFC 2544)."""
    host = (run * 8_192 + number) % 131_072
    return f"198.{18 + host // 65_536}.{host // 256 % 256}.{host % 256}"


def companies(jobs: int, run: int, today: dt.date) -> list[Company]:
    """Return employers with `jobs` jobs between them, in the coming weeks; the first in Bandra."""
    chance = random.Random(SEED + 1 + run)  # noqa: S311 - a story, not a secret
    made = [_company(name, number, run) for number, name in enumerate(_COMPANIES)]
    for number in range(jobs):
        town = TOWNS[0] if number == 0 else chance.choices(TOWNS, [t.share for t in TOWNS])[0]
        spot = places.by_pin(town.centre_pin) if number == 0 else chance.choice(_pins(town))
        if spot is not None:
            made[number % len(made)].jobs.append(_job(chance, number, town, spot, today))
    return made


def _company(name: str, number: int, run: int) -> Company:
    return Company(
        {
            "company_name": name,
            "contact_name": "Meera Nair",
            "email": f"demo{run}.{number}@example.com",
            "password": DEMO_PASSWORD,
            "city": "Mumbai",
        },
        _address(run, 8_000 + number),
    )


def _job(
    chance: random.Random, number: int, town: Town, spot: places.Place, today: dt.date
) -> dict[str, Any]:
    template = _JOBS[0] if number == 0 else chance.choice(_JOBS)
    title, category, required, preferred, days, start, end, positions, pay = template
    # From next Monday, so that every weekday of the shift still lies ahead.
    starts_on = today + dt.timedelta(days=7 - today.weekday())
    return {
        "title": title,
        "description": f"{title} in {spot.name}, {town.name}. Meals included. Please be on time.",
        "category": category,
        "location": {"latitude": spot.latitude, "longitude": spot.longitude},
        "city": town.name,
        "starts_on": starts_on.isoformat(),
        "ends_on": (starts_on + dt.timedelta(weeks=6)).isoformat(),
        "time_zone": "Asia/Kolkata",
        "slots": [{"weekday": day, "start": start, "end": end} for day in days],
        "positions": positions,
        "required_skills": required,
        "preferred_skills": preferred,
        "radius_km": None,
        "salary": {"amount": pay, "currency": "INR", "per": "hour"},
    }
