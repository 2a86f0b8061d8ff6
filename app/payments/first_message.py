"""The first message to a worker whose contact was bought: a link that opens the chat with it written."""

from typing import Final
from urllib.parse import quote

from app.core.phones import whatsapp_url
from app.texts import catalogue

_MOST_CHARACTERS: Final = 600
"""Of the link. Letters of other scripts take nine characters each in it, and a message holds 1,024."""


def hello_url(phone: str, language: str, *, name: str, company: str, title: str) -> str:
    """Return the link; `language` is the worker's, who reads the message.

    In fewer words where those would be too long for the message that carries the link: letters of Devanagari take nine
    characters each.
    """
    link = whatsapp_url(phone)
    reads = catalogue.format_context(language)
    values = {
        "name": catalogue.plain(name.split(maxsplit=1)[0] if name.split() else name),
        "company": catalogue.plain(company),
        "title": catalogue.format_value("role", title, reads),
    }
    for words in ("first_message", "first_message_short", "first_message_shortest"):
        text = catalogue.word(language, words)
        for key, value in values.items():
            text = text.replace(f"{{{key}}}", value)
        whole = f"{link}?text={quote(text, safe='')}"
        if len(whole) <= _MOST_CHARACTERS:
            return whole
    return link
