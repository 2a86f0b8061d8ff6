"""Several people said yes: one tap begins one order for all of them, and one link leads to its payment."""

import re

import pytest

from app.offers.links import order_of
from tests.chat.test_chat_employers import LINE, chat, jobs, last
from tests.support.chat_events import _ALWAYS, accept, add_account, pay
from tests.support.factories import NewWorker, add_workers


@pytest.mark.parametrize(("language", "words"), [("en", "Pay for all 2"), ("hi", "सभी 2 के पैसे दें")])
async def test_a_tap_on_pay_for_all_sends_one_link_for_all(
    sqlite_database_url: str, language: str, words: str
) -> None:
    async with chat(sqlite_database_url) as world:
        await add_account(world, "Cafe Bandra", proven=True)
        people = [("Meena Kulkarni", "+919811100021"), ("Ravi Shinde", "+919811100022")]
        async with world.database.begin() as session:
            await add_workers(
                session,
                [NewWorker(slots=_ALWAYS, name=name, phone=phone) for name, phone in people],
            )
        await world.says(LINE)
        await world.says("yes")
        [job] = await jobs(world)
        await accept(world, "Meena Kulkarni")
        await world.taps(f"job:{job.id}:leads")
        with pytest.raises((KeyError, StopIteration, AssertionError)):
            world.id_of("Pay for all 1")  # one alone has its own link
        await accept(world, "Ravi Shinde")
        await world.taps(f"language:{language}")
        await world.taps(f"job:{job.id}:leads")
        await world.taps(world.id_of(words))
        said = last(world)
        assert "₹98" in said
        assert "Meena K." in said
        assert "Kulkarni" not in said
        [token] = re.findall(r"/pay/(\w+)", said)
        assert order_of(world.database.keyring, token) is not None
        await world.taps(f"job:{job.id}:payall")
        assert re.findall(r"/pay/(\w+)", last(world)) == [token], "a second tap, the same order"
        await pay(world, "Meena Kulkarni")
        await pay(world, "Ravi Shinde")
        await world.taps(f"job:{job.id}:payall")
        assert "/pay/" not in last(world)
