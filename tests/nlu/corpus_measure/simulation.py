"""A person who writes one message after another: what each turn changes is there at the next message."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.dialogue import effects as fx
from app.dialogue.context import Context, Profile
from app.dialogue.effects import Effect
from app.dialogue.router import handle_message
from app.dialogue.state import State
from app.dialogue.turn import Turn
from app.messaging.inbound import Inbound, InboundKind
from app.offers.rules import OfferStatus
from app.offers.summary import OfferSummary
from app.texts import catalogue
from tests.nlu.corpus_measure.situations import NEWCOMER, NOW, PHONE, Situation


@dataclass(slots=True)
class Person:
    """A person in a conversation that goes on."""

    situation: Situation
    turns: list[Turn] = field(default_factory=list)
    befores: list[Situation] = field(default_factory=list)
    """What each of the turns began with."""

    def write(self, text: str) -> Turn:
        """Send a text."""
        return self._send(Inbound("m", InboundKind.TEXT, NOW, phone_from=PHONE, text=text))

    def tap(self, payload: str) -> Turn:
        """Tap a button or a row; an offer's button names its offer."""
        named = self._offer(payload)
        self.situation = replace(
            self.situation, context=replace(self.situation.context, offer=named)
        )
        return self._send(Inbound("m", InboundKind.TAP, NOW, phone_from=PHONE, payload=payload))

    def tappable(self) -> Sequence[str]:
        """Return the ids of what the last replies offer to tap."""
        if not self.turns:
            return ()
        context = self.situation.context
        found: list[str] = []
        for reply in self.turns[-1].replies:
            said = catalogue.render_chat(
                context.reply_language,
                reply.text,
                reply.params,
                buttons=reply.buttons,
                rows=reply.rows,
                form=reply.form,
                now=NOW,
            )
            found += [one.id for one in said.buttons]
            found += [row.id for row in said.rows]
        return found

    def _offer(self, payload: str) -> OfferSummary | None:
        context = self.situation.context
        every = (*context.open_offers, *context.accepted_offers, *context.rejected_offers)
        return next((offer for offer in every if str(offer.id) in payload), None)

    def _send(self, inbound: Inbound) -> Turn:
        before = self.situation
        turn = handle_message(before.state, inbound, before.context)
        self.befores.append(before)
        self.turns.append(turn)
        context = replace(before.context, in_handoff=False, offer=None)
        for effect in turn.effects:
            context = _after(effect, context)
        # As it comes back from the database.
        kept = State.from_json(json.loads(json.dumps(turn.state.as_json())))
        self.situation = Situation(kept, context)
        return turn


def _after(effect: Effect, context: Context) -> Context:
    """Return what is known after an effect."""
    match effect:
        case fx.CreateWorker(name=name):
            return replace(context, profile=replace(NEWCOMER, name=name))
        case fx.ForgetPerson() | fx.EraseAccount():
            return replace(context, profile=None, open_offers=(), accepted_offers=())
        case fx.SetLanguage(language=language):
            return replace(context, language=language)
        case fx.Stop():
            return replace(context, stopped=True)
        case fx.Start():
            return replace(context, stopped=False)
        case fx.RequestHandoff(why=why):
            return replace(context, in_handoff=True, handoff_reason=why)
        case fx.AnswerOffer(offer_id=id_, verb=verb):
            return _answered(context, str(id_), verb)
    profile = context.profile
    return context if profile is None else replace(context, profile=_edited(profile, effect))


def _answered(context: Context, id_: str, verb: str) -> Context:
    every = (*context.open_offers, *context.accepted_offers, *context.rejected_offers)
    named = [offer for offer in every if str(offer.id) == id_]
    accepted = [offer for offer in context.accepted_offers if str(offer.id) != id_]
    if verb == "accept":
        accepted += [replace(offer, status=OfferStatus.ACCEPTED) for offer in named]
    left = [offer for offer in context.open_offers if str(offer.id) != id_]
    refused = [offer for offer in context.rejected_offers if str(offer.id) != id_]
    if verb == "reject":
        refused += [replace(offer, status=OfferStatus.REJECTED, stands=True) for offer in named]
    if verb == "reconsider":
        left += [replace(offer, status=OfferStatus.OFFERED) for offer in named]
    return replace(
        context,
        open_offers=tuple(left),
        accepted_offers=tuple(accepted),
        rejected_offers=tuple(refused),
    )


def _edited(profile: Profile, effect: Effect) -> Profile:
    match effect:
        case fx.GiveConsent():
            return replace(profile, agreed=True)
        case fx.SetPhone():
            return replace(profile, has_phone=True)
        case fx.SetWeeklyHours(slots=slots):
            return replace(profile, slots=tuple(slots))
        case fx.EditProfile(changes=changes):
            fields = ("name", "skills", "max_distance_km", "experience_years")
            known: dict[str, Any] = {key: changes[key] for key in fields if key in changes}
            if "location" in changes:
                known |= {"located": True, "place": "Somewhere"}
            return replace(profile, **known)
        case _:
            return profile
