"""The words that reveal a contact detail, read from `data/contact_words.toml`. Pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

_LEET: Final = str.maketrans("013457@$", "oieastas")


@dataclass(frozen=True, slots=True)
class ContactWords:
    """The lists of the file as sets and mappings."""

    signs: Mapping[str, str]
    providers: frozenset[str]
    weak_providers: frozenset[str]
    no_name: frozenset[str]
    banks: frozenset[str]
    weak_banks: frozenset[str]
    near_bank: frozenset[str]
    networks: frozenset[str]
    weak_networks: frozenset[str]
    pairs: Mapping[tuple[str, str], str]
    joining: frozenset[str]
    connectors: frozenset[str]
    named: frozenset[str]
    contact: frozenset[str]
    search: frozenset[str]
    endings: frozenset[str]
    spelled: frozenset[str]
    native_endings: Mapping[str, str]
    site: frozenset[str]
    me: frozenset[str]
    schemes: frozenset[str]
    country: frozenset[str]
    ordinary: frozenset[str]
    triggers: frozenset[str]
    reach: frozenset[str]
    beginnings: tuple[str, ...]


@lru_cache(maxsize=16_384)
def network(text: str) -> str | None:
    """Return the network that a word names, also in the form "1nsta"."""
    words = contact_words()
    if text in words.networks:
        return text
    plain = text.translate(_LEET)
    return plain if plain != text and plain in words.networks else None


@lru_cache(maxsize=4_096)
def names_network(word: str) -> bool:
    """Whether a word of a name is or begins with a network, a mail provider or a wallet."""
    words = contact_words()
    plain = word.translate(_LEET)
    return (
        plain in words.networks
        or plain in words.providers
        or plain in words.reach
        or plain.startswith(words.beginnings)
    )


@cache
def contact_words() -> ContactWords:
    """Return the words, read once."""
    folder = files("app.masking") / "data"
    data = tomllib.loads((folder / "contact_words.toml").read_text(encoding="utf-8"))
    ordinary = (folder / "ordinary_words.txt").read_text(encoding="utf-8").splitlines()

    def listed(part: str, name: str) -> frozenset[str]:
        return frozenset(data[part][name].split())

    sign_of = {"dot": ".", "at": "@", "slash": "/", "colon": ":", "underscore": "_", "dash": "-"}
    signs = {
        word: sign_of[name] for name, spelled in data["signs"].items() for word in spelled.split()
    }
    pairs = {
        (first, second): first + second
        for first, second in (pair.split() for pair in data["networks"]["pairs"].split(","))
    }
    networks = listed("networks", "names")
    triggers = frozenset(
        {"@", "dm", "inbox", "www"}
        | {first for first, _ in pairs}
        | {word for word, sign in signs.items() if sign != "@"}
        | networks
        | listed("mail", "providers")
        | listed("mail", "weak")
        | listed("banks", "handles")
        | listed("banks", "weak")
        | listed("links", "schemes")
    )
    return ContactWords(
        signs=signs,
        providers=listed("mail", "providers"),
        weak_providers=listed("mail", "weak"),
        no_name=listed("mail", "no_name"),
        banks=listed("banks", "handles"),
        weak_banks=listed("banks", "weak"),
        near_bank=listed("banks", "near"),
        networks=networks,
        weak_networks=listed("networks", "weak"),
        pairs=pairs,
        joining=frozenset(signs) | {first for first, _ in pairs},
        connectors=listed("networks", "connectors"),
        named=listed("networks", "named"),
        contact=listed("verbs", "contact"),
        search=listed("verbs", "search"),
        endings=listed("links", "endings"),
        spelled=listed("links", "spelled"),
        native_endings=dict(pair.split("=") for pair in data["links"]["native"].split()),
        site=listed("links", "site"),
        me=listed("links", "me"),
        schemes=listed("links", "schemes"),
        country=listed("links", "country"),
        ordinary=listed("ordinary", "words").union(
            *(line.split() for line in ordinary if not line.startswith("#"))
        ),
        triggers=triggers,
        reach=listed("names", "reach"),
        beginnings=tuple(data["names"]["beginnings"].split()),
    )
