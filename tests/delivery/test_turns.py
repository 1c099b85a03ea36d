"""Slots and turns: who waits, in which order, and who leaves before it is their turn."""

from __future__ import annotations

import asyncio

import pytest

from omnimsg.delivery.turns import Slots, Turns

pytestmark = pytest.mark.anyio


async def passed() -> None:
    """Let every task run up to where it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_free_slots_are_taken_until_none_is_left() -> None:
    """Whoever leaves one frees it."""
    slots = Slots(2)

    taken = [slots.take_free() for _ in range(3)]
    slots.leave()

    assert [True, True, False, True] == [*taken, slots.take_free()]


async def test_a_slot_is_handed_over_in_the_order_of_arrival() -> None:
    """Nobody who comes later takes it meanwhile."""
    slots = Slots(1)
    slots.take_free()
    waiting = [asyncio.ensure_future(slots.wait()) for _ in range(2)]
    await passed()

    slots.leave()
    stolen = slots.take_free()
    await passed()

    assert (False, [True, False]) == (stolen, [each.done() for each in waiting])
    waiting[1].cancel()


async def test_who_is_cancelled_while_waiting_is_left_out() -> None:
    """The slot goes to the next one."""
    slots = Slots(1)
    slots.take_free()
    first, second = (asyncio.ensure_future(slots.wait()) for _ in range(2))
    await passed()

    first.cancel()
    slots.leave()
    await passed()

    assert (True, True, False) == (first.cancelled(), second.done(), slots.is_free)


async def test_who_is_cancelled_as_the_slot_comes_hands_it_on() -> None:
    """It is free again where nobody else waits."""
    slots = Slots(1)
    slots.take_free()
    waiting = asyncio.ensure_future(slots.wait())
    await passed()

    slots.leave()
    waiting.cancel()
    await passed()

    assert (True, True) == (waiting.cancelled(), slots.is_free)


async def take_turn(turns: Turns, name: str, told: list[str], who: str) -> None:
    """Take a turn, and tell so."""
    async with turns.turn(name):
        told.append(who)
        await asyncio.sleep(0)


async def test_turns_of_one_name_do_not_overlap_and_those_of_others_do() -> None:
    """They go in the order of arrival."""
    turns, told = Turns(), list[str]()

    async with turns.turn("a"):
        tasks = [
            asyncio.ensure_future(take_turn(turns, name, told, who))
            for name, who in (("a", "a2"), ("b", "b1"), ("a", "a3"))
        ]
        await passed()
        meanwhile = [*told]
    await asyncio.gather(*tasks)

    assert (["b1"], ["b1", "a2", "a3"]) == (meanwhile, told)


@pytest.mark.parametrize("is_handed_over", [False, True], ids=["before", "as it is handed over"])
@pytest.mark.parametrize("is_left_first", [False, True], ids=["cancelled first", "left first"])
async def test_a_name_can_be_taken_after_a_waiter_was_cancelled(
    is_handed_over: bool, is_left_first: bool
) -> None:
    """Whenever that was, nobody waits for ever."""
    turns, told = Turns(), list[str]()
    async with turns.turn("a"):
        waiting = asyncio.ensure_future(take_turn(turns, "a", told, "cancelled"))
        await passed()
        if not is_handed_over:
            waiting.cancel()
            if not is_left_first:
                await passed()
    if is_handed_over:
        waiting.cancel()
    later = asyncio.ensure_future(take_turn(turns, "a", told, "later"))

    async with asyncio.timeout(5):
        await asyncio.wait([waiting, later])

    assert (["later"], True) == (told, waiting.cancelled())


async def test_an_error_in_a_turn_ends_it() -> None:
    """The next one has it."""
    turns, told = Turns(), list[str]()

    with pytest.raises(LookupError):
        async with turns.turn("a"):
            raise LookupError

    await take_turn(turns, "a", told, "next")
    assert ["next"] == told
