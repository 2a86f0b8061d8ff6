"""Joins several texts to one person into as few messages as the platform allows. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from app.texts.message import BODY_CHARACTERS, TEXT_CHARACTERS, Outgoing


def join(parts: Sequence[Outgoing]) -> list[Outgoing]:
    """Join replies into as few messages as the platform's limits allow.

    Each message costs money and counts against the send rate. Only the last part of a message may have
    buttons.
    """
    joined: list[Outgoing] = []
    for part in parts:
        last = joined[-1] if joined else None
        if last is not None and not (last.buttons or last.rows or last.ask):
            text = f"{last.text}\n\n{part.text}"
            short = part.buttons or part.ask or part.form
            if len(text) <= (BODY_CHARACTERS if short else TEXT_CHARACTERS):
                joined[-1] = replace(part, text=text)
                continue
        joined.append(part)
    return [piece for outgoing in joined for piece in _pieces(outgoing)]


def _pieces(outgoing: Outgoing) -> list[Outgoing]:
    """Cut a text that is too long for one message, at line ends."""
    if len(outgoing.text) <= TEXT_CHARACTERS or outgoing.buttons or outgoing.rows or outgoing.ask:
        return [outgoing]
    pieces: list[str] = []
    for line in outgoing.text.split("\n"):
        if pieces and len(pieces[-1]) + len(line) + 1 <= TEXT_CHARACTERS:
            pieces[-1] += f"\n{line}"
        else:
            pieces.append(line[:TEXT_CHARACTERS])
    return [Outgoing(text=piece) for piece in pieces if piece.strip()]
