"""What an employer reads of a lead before and after paying, and what its worker hears: on each database."""

from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.languages import languages
from app.database.statements import rows_changed
from app.employers.models import Employer
from app.identity.models import User
from app.payments.first_message import hello_url
from app.texts import catalogue
from app.texts.catalogue import SAMPLES, kind_of_template, render_notice, template_name
from app.texts.message import BODY_CHARACTERS
from tests.support.chat_events import NEARBY, PHONE, accept, add_account, add_nearby, pay
from tests.support.chat_player import ChatWorld
from tests.support.database import database_of

LINE = "waiter, Saturday 10-6, Bandra, 2 people, 150/hour"
NEW_VALUES = ("lead", "caller", "hello")
VERSIONED = {"lead_accepted": 3, "lead_unlocked": 3, "contact_unlocked": 2}


def heard_by(world: ChatWorld, phone: str) -> list[str]:
    return [sent.text for _, to, sent in world.phone.received if to.phone == phone]


async def posted(world: ChatWorld) -> UUID:
    """A job that one worker nearby is asked about."""
    employer_id = await add_account(world, "Cafe Bandra", proven=True)
    await add_nearby(world, "Meena Kulkarni")
    await world.says(LINE)
    await world.says("yes")
    return employer_id


async def test_what_one_buys_stands_before_its_price_and_names_nobody(database_url: str) -> None:
    database = database_of(database_url)
    try:
        world = ChatWorld(database)
        await posted(world)
        await accept(world, "Meena Kulkarni")
        told = heard_by(world, PHONE)[-1]
        for fact in (
            "Waiter ·",
            "2 years of experience",
            "1.5 km away",
            "free at all your hours",
            "reliability 80 of 100",
            "the first to say yes",
        ):
            assert told.index(fact) < told.index("₹49")
        assert "Meena K." in told
        await world.says("jobs")
        await world.taps(world.id_of("Waiter"))
        await world.taps(world.id_of("Who said yes"))
        listed = heard_by(world, PHONE)[-1]
        assert listed.index("reliability 80 of 100") < listed.index("₹49")
        assert "Kulkarni" not in told + listed
        assert NEARBY[-5:] not in (told + listed).replace(" ", "")
    finally:
        await database.close()


async def test_the_worker_hears_who_calls_and_the_employer_gets_a_first_message(
    database_url: str,
) -> None:
    database = database_of(database_url)
    try:
        world = ChatWorld(database)
        await posted(world)
        await accept(world, "Meena Kulkarni")
        assert "98111 00001" not in "".join(heard_by(world, NEARBY))
        await pay(world, "Meena Kulkarni")
        assert "message from Rustom Irani, +91 98111 00001" in heard_by(world, NEARBY)[-1]
        [link] = [word for word in heard_by(world, PHONE)[-1].split() if "wa.me" in word]
        assert urlsplit(link).path == f"/{NEARBY[1:]}"
        [text] = parse_qs(urlsplit(link).query)["text"]
        assert text.startswith("Hello Meena, this is Cafe Bandra.")
    finally:
        await database.close()


async def test_who_will_be_late_is_told_whom_to_call(database_url: str) -> None:
    database = database_of(database_url)
    try:
        world = ChatWorld(database)
        await posted(world)
        await accept(world, "Meena Kulkarni")
        meena = {"name": "Meena", "from": NEARBY.removeprefix("+")}
        await world.says("10 min late", **meena)
        assert "Cafe Bandra has not chosen you yet" in heard_by(world, NEARBY)[-1]
        assert "98111" not in "".join(heard_by(world, NEARBY))
        await pay(world, "Meena Kulkarni")
        for text in ("10 min late", "offers"):
            await world.says(text, **meena)
            assert "yourself" in heard_by(world, NEARBY)[-1]
            assert "Rustom Irani, +91 98111 00001." in heard_by(world, NEARBY)[-1]
    finally:
        await database.close()


async def test_a_phone_that_nobody_has_proven_is_told_to_no_worker(database_url: str) -> None:
    database = database_of(database_url)
    try:
        world = ChatWorld(database)
        employer_id = await posted(world)
        async with database.begin() as session:
            unproven = update(Employer).where(Employer.id == employer_id)
            assert await rows_changed(session, unproven.values(proven_phone_index=None)) == 1
        await accept(world, "Meena Kulkarni")
        await pay(world, "Meena Kulkarni")
        assert "message from Cafe Bandra." in heard_by(world, NEARBY)[-1]
        await world.says("10 min late", name="Meena", **{"from": NEARBY.removeprefix("+")})
        assert "write to them yourself, Cafe Bandra." in heard_by(world, NEARBY)[-1]
        assert "98111" not in "".join(heard_by(world, NEARBY))
    finally:
        await database.close()


async def test_the_first_message_is_in_the_language_of_who_reads_it(database_url: str) -> None:
    database = database_of(database_url)
    try:
        world = ChatWorld(database)
        await posted(world)
        async with database.begin() as session:
            hindi = update(User).where(User.name == "Meena Kulkarni").values(language="hi")
            assert await rows_changed(session, hindi) == 1
        await accept(world, "Meena Kulkarni")
        await pay(world, "Meena Kulkarni")
        [link] = [word for word in heard_by(world, PHONE)[-1].split() if "wa.me" in word]
        [text] = parse_qs(urlsplit(link).query)["text"]
        assert text.startswith("नमस्ते Meena जी, Cafe Bandra से।")
    finally:
        await database.close()


@pytest.mark.parametrize("language", languages())
def test_a_first_message_too_long_for_its_message_has_fewer_words(language: str) -> None:
    link = hello_url(NEARBY, language, name="आशा " * 20, company="क" * 120, title="ब" * 120)
    words = catalogue.word(language, "first_message_shortest")
    assert link == f"https://wa.me/{NEARBY[1:]}?text={quote(words, safe='')}"
    some = hello_url(NEARBY, language, name="बाबूलाल", company="शर्मा ज्वेलर्स", title="सुरक्षा गार्ड")
    assert quote("शर्मा ज्वेलर्स") in some
    longest = hello_url(NEARBY, language, name="Asha", company="C" * 90, title="T" * 90)
    names = {"name": "N" * 120, "title": "T" * 120}
    assert (
        len(render_notice(language, "lead_unlocked", {**SAMPLES, **names, "hello": longest}).text)
        <= BODY_CHARACTERS
    )


@pytest.mark.parametrize("kind", VERSIONED)
@pytest.mark.parametrize("language", languages())
def test_a_message_written_by_the_version_before_is_still_sent(language: str, kind: str) -> None:
    before = {name: value for name, value in SAMPLES.items() if name not in NEW_VALUES}
    outgoing = render_notice(language, kind, before)
    assert outgoing.problem() is None
    assert outgoing.template is not None
    assert all(value.strip() for value in outgoing.template.params)


@pytest.mark.parametrize("kind", VERSIONED)
def test_a_template_with_other_values_has_another_name(kind: str) -> None:
    name = f"partimer_{kind}_{VERSIONED[kind]}"
    assert template_name(kind) == name
    assert kind_of_template(name) == kind_of_template(f"partimer_{kind}") == kind
    assert template_name("job_offer") == "partimer_job_offer"
