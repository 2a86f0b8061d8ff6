"""What people ask most, answered wherever they ask it, with the open question after it. Pure.

A question is no misunderstanding, however often somebody asks; but who asks the same again may mean
something else, and hears how to reach a human.
"""

from dataclasses import replace

from app.dialogue.flow import QUESTIONS
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.offers import tell_offer
from app.nlu.faq_topic import find_topic


def often_asked(message: Incoming) -> Turn | None:
    """Answer a question that many ask."""
    asked = message.state.ask
    text = message.text
    if text is None or (asked is not Ask.NOTHING and asked not in QUESTIONS):
        return None
    subject = find_topic(text)
    if subject is None:
        return None
    again = (Reply("faq_again"),) if message.state.last_faq == subject else ()
    answer = (Reply(f"faq_{subject}"), *again)
    state = replace(message.state, last_faq=subject, misses=0)
    if asked is not Ask.NOTHING:
        return Turn(state, (*answer, QUESTIONS[asked].ask(state, message.context)))
    offers = message.context.open_offers
    if subject == "pay" and len(offers) == 1:
        return Turn(state, (*answer, tell_offer(offers[0])))
    accepted = message.context.accepted_offers
    if subject == "pay" and not offers and len(accepted) == 1:
        return Turn(state, (*answer, Reply("pay_of_job", accepted[0].params)))
    return Turn(state, answer)
