"""Addresses, handles and links in people's words, however they are dressed. Pure."""

import re
from typing import Final

_TLD: Final = r"(?:com|co|in|org|net|io|me|app|info|biz|dev|xyz|online|site|shop|link|ly|ai)"
_PROVIDERS: Final = r"(?:gmail|gmial|yahoo|ymail|hotmail|outlook|rediff(?:mail)?|icloud|protonmail|live|zoho|जीमेल|याहू)"
_NETWORKS: Final = r"(?:insta(?:gram)?|telegram|snapchat|skype|facebook|fb|ig)"
_BETWEEN: Final = r"(?:id|handle|user(?:name)?|name|is|pe|par|on|me|as)"
"""Words between a network's name and a handle."""
_AT: Final = r"(?:[@＠]|[(\[{<]\s*at\s*[)\]}>]|\s+(?:at(?:\s+the\s+rate)?|एट|ऐट)\s+)"
_DOT: Final = r"(?:\s*[.．。]\s*|\s*[(\[{<]\s*dot\s*[)\]}>]\s*|\s+(?:dot|डॉट|डाट)\s+)"
_SPELLED_DOT: Final = r"(?:\s*[(\[{<]\s*(?:dot|[.．])\s*[)\]}>]\s*|\s+(?:dot|डॉट|डाट)\s+)"
_SLASH: Final = r"(?:\s*/\s*|\s*[(\[{<]\s*(?:slash|/)\s*[)\]}>]\s*|\s+(?:slash|स्लैश)\s+)"
_WORD: Final = r"(?<![\w.+\-\u0900-\u0963])[\w.+\-\u0900-\u0963]+"
"""From its first letter on only: a long word would else be tried from each of its letters."""

_HOST_BEGINS: Final = r"(?<![\w@\-])(?<![\w\-]\.)"
"""At its first label only: a long chain of labels would else be tried from each of them."""


_LONG_GAP: Final = re.compile(r"(\s{3})\s+")


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


_ADDRESSES: Final = _compiled(
    # Links, and hosts with a path or a known ending; "K.Dev" is somebody's name.
    r"(?:https?://|www\.)\S+",
    rf"{_HOST_BEGINS}(?!(?:[^\W\d_]\.)+dev(?![./]?\w))(?:[\w\-]+\.)+{_TLD}(?![\w])(?:/\S*)?",
    r"(?<!\w)(?:t|wa|fb|m)\.me/\S+",
    rf"{_HOST_BEGINS}(?:[\w\-]+\.)+(?:gle|gl|ee|be|page|us|uk|tv|cc)/\S+",
    r"(?<!\w)www\s+[\w\-]+\s+(?:com|co|in|org|net)(?!\w)",
    # name@host.tld and payment handles such as name@bank.
    rf"{_WORD}[@＠][\w\-]+(?:[.．][\w\-]+)*",
    # The same with spaces or words: name at gmail dot com.
    rf"{_WORD}\s*{_AT}\s*[\w\-]+(?:{_DOT}[\w\-]+)*?{_DOT}{_TLD}(?!\w)",
    rf"{_WORD}\s*{_AT}\s*{_PROVIDERS}(?!\w)(?:{_DOT}{_TLD}(?!\w))?",
    rf"{_WORD}\s*{_AT}\s*(?:ok(?:icici|sbi|hdfcbank|axis)|ybl|ibl|axl)(?!\w)",
    # @handle, and "insta: handle"; "Insta-Mart" is a shop.
    r"(?<![\w])[@＠][A-Za-z_][\w.]{2,}",
    (
        rf"(?<!\w){_NETWORKS}\s*(?:id|handle|user(?:name)?)?"
        rf"\s*(?:[:=–]|(?<=\s)-|-(?!mart(?!\w)))\s*[\w.@]{{3,}}"
    ),
    # "my insta is asha_99": a word that looks like a handle, behind a network's name.
    rf"(?<!\w){_NETWORKS}(?:\s+{_BETWEEN})*\s+[A-Za-z]+(?:[._]\w|\d)[\w.]*",
)
_SPELLED: Final = _compiled(
    # "t dot me", "wa(dot)me slash name"; with a slash, "t me slash name" too.
    rf"(?<!\w)(?:t|wa|fb|m){_SPELLED_DOT}me(?!\w)(?:{_SLASH}[\w.+\-]+)?",
    rf"(?<!\w)(?:t|wa|fb|m)(?:\s*\.\s*|\s+)me{_SLASH}[\w.+\-]+",
    # "bit dot ly slash abc": words with a dot and a slash are a link, whatever they are.
    rf"(?<![\w\-])[\w\-]+(?:{_SPELLED_DOT}[\w\-]+){{1,8}}{_SLASH}[\w.\-]+",
    # "asha dot com", "asha dot co dot in"; but "asp dot net" is a skill, and a red dot in a box no host.
    rf"(?<![\w\-])[\w\-]+{_SPELLED_DOT}(?:com|org|biz|xyz)(?!\w)(?:{_SPELLED_DOT}in(?!\w))?",
    rf"(?<![\w\-])[\w\-]+{_SPELLED_DOT}(?:co{_SPELLED_DOT}in(?!\w)|in(?=\s*(?:[.,;!?)।]|\Z)))",
    (
        r"h\s*t\s*t\s*p\s*s?\s*(?::|colon)\s*(?:/|slash)\s*(?:/|slash)\s*\S+"
        r"(?:\s*(?:[./]|dot|slash)\s*\S+)*"
    ),
)
"""Links of which the signs are written in words or in brackets."""
_SPELLS: Final = re.compile(
    r"dot|slash|colon|डॉट|डाट|स्लैश|[(\[{<]\s*[.．/]|:\s*/|\sme\s*/|\.\s+me\s*/", re.IGNORECASE
)
"""What a text has in which a sign may be spelled; most have nothing of it."""


def hidden(text: str, mask: str) -> str:
    """Return `text` with `mask` in place of every address, handle and link.

    Of more than three spaces or line ends in a row the first three stay: nobody hides a name's two
    halves by them, and no pattern looks at a long row again from each of its spaces.
    """
    text = _LONG_GAP.sub(r"\1", text)
    for pattern in _ADDRESSES:
        text = pattern.sub(mask, text)
    if _SPELLS.search(text):
        for pattern in _SPELLED:
            text = pattern.sub(mask, text)
    return text
