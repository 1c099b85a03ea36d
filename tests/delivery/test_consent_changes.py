"""The dispatcher: replies, reports and interactions that change a consent are recorded."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs
import pytest
from support.delivery import NOW, NUMBER, UNTIL, accepted, leg, reply, report, tell
from support.dispatching import World
from support.stores import StoreDownError

from omnimsg.domain.channel import Channel
from omnimsg.domain.events import InteractionEvent
from omnimsg.domain.history import Interaction, InteractionKind
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.opt_out import Keywords, OptOutRules
from omnimsg.domain.reason import Reason
from omnimsg.domain.status import MessageStatus, Status

if TYPE_CHECKING:
    from omnimsg.domain.events import Event
    from omnimsg.engine.delivery_events import StatusChanged

pytestmark = pytest.mark.anyio

M1 = MessageId("main:m1")


@pytest.fixture
def world() -> World:
    """Return a dispatcher with its records."""
    return World()


async def test_a_reply_opts_out(world: World) -> None:
    """A reply of only a keyword is recorded as an opt-out; a text that contains one is not."""
    world.listen()

    await world.give(reply("Stop by at noon", number=1), reply("Stop.", number=2))

    assert NUMBER in world.suppression
    assert [(NUMBER, reply("Stop.", number=2).key)] == [
        (each.address, each.key) for each in world.suppression.changes
    ]


async def test_an_opt_in_of_the_future_outweighs_no_later_opt_out(world: World) -> None:
    """A START counts from its arrival at the latest: the clock of its provider may be fast."""
    world.listen()
    start = attrs.evolve(reply("START", number=1), at=NOW + timedelta(minutes=10))
    await world.give(start)
    stop = attrs.evolve(reply("STOP", number=2), at=NOW + timedelta(minutes=1))

    await world.dispatcher.dispatch(stop, NOW + timedelta(minutes=1), UNTIL)

    assert NUMBER in world.suppression


async def test_an_opt_out_that_arrives_late_counts_from_when_it_was_said(world: World) -> None:
    """A STOP that is delivered after a later START does not outweigh it."""
    world.listen()
    await world.give(reply("STOP"))
    start = attrs.evolve(reply("START"), at=NOW + timedelta(minutes=2))
    await world.dispatcher.dispatch(start, NOW + timedelta(minutes=2), UNTIL)
    stop = attrs.evolve(reply("STOP", number=2), at=NOW + timedelta(minutes=1))

    await world.dispatcher.dispatch(stop, NOW + timedelta(minutes=3), UNTIL)

    assert NUMBER not in world.suppression


async def test_a_repeated_opt_in_outweighs_no_opt_out_that_came_between(world: World) -> None:
    """A START that a handler has failed counts from its first arrival, not from its repetition."""
    failures = iter([True])

    def handle(_: Event) -> None:
        if next(failures, False):
            raise LookupError

    world.handlers.on_event(handle)
    start = attrs.evolve(reply("START", number=1), at=NOW + timedelta(minutes=10))
    stop = attrs.evolve(reply("STOP", number=2), at=NOW + timedelta(minutes=1))
    with pytest.raises(LookupError):
        await world.give(start)
    await world.dispatcher.dispatch(stop, NOW + timedelta(minutes=1), UNTIL)

    await world.dispatcher.dispatch(start, NOW + timedelta(minutes=2), UNTIL)

    assert NUMBER in world.suppression


async def test_the_words_are_those_of_the_application() -> None:
    """The application can add opt-out keywords for a country."""
    rules = OptOutRules(countries={"+372": Keywords(stop=frozenset(["LOPETA"]))})
    world = World(rules=rules).listen()

    await world.give(reply("lopeta"))

    assert NUMBER in world.suppression


async def test_a_report_opts_out(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A report of an opt-out is recorded with the recipient of the tracked message."""
    tell(world.tracker, accepted())

    await world.give(report(Status.REJECTED, "m1", reason=Reason.OPTED_OUT))

    assert [NUMBER] == [each.address for each in world.suppression.changes]
    assert "is unknown here" not in caplog.text


async def test_an_early_report_opts_out_when_the_send_is_known(world: World) -> None:
    """An opt-out reported before the send is recorded once the recipient is known."""
    await world.give(report(Status.REJECTED, "m1", reason=Reason.OPTED_OUT))
    tell(world.tracker, accepted())
    tracked = await world.tracker.find(M1)
    assert tracked is not None
    was_known = NUMBER in world.suppression

    await world.dispatcher.state_found(tracked, NOW)

    assert not was_known
    assert NUMBER in world.suppression


async def test_an_opt_out_that_is_found_counts_from_then_at_the_latest(world: World) -> None:
    """The clock of its provider may be fast, and a later START undoes the opt-out all the same."""
    tell(world.tracker, accepted())
    found = leg(Status.REJECTED, seconds=600, reason=Reason.OPTED_OUT)
    tracked = await world.tracker.look_up(MessageStatus(id=M1, legs=(found,)))

    await world.dispatcher.state_found(tracked, NOW)

    assert [NOW] == [each.at for each in world.suppression.changes]


async def test_handlers_do_not_wait_for_a_list_that_is_down(world: World) -> None:
    """A status that was looked up is told, although its opt-out cannot be recorded yet."""
    world.note_statuses()
    world.suppression.is_down = True
    tell(world.tracker, accepted())
    found = leg(Status.REJECTED, reason=Reason.OPTED_OUT)
    tracked = await world.tracker.look_up(MessageStatus(id=M1, legs=(found,)))

    await world.dispatcher.state_found(tracked, NOW)
    await world.consents.aclose(1)

    assert [(Status.UNKNOWN, Status.REJECTED)] == world.statuses


async def test_handlers_are_told_of_an_opt_out_where_no_list_is() -> None:
    """Without a suppression list, the status that a look-up found is told all the same."""
    world = World(consents=None).note_statuses()
    tell(world.tracker, accepted())
    found = leg(Status.REJECTED, reason=Reason.OPTED_OUT)
    tracked = await world.tracker.look_up(MessageStatus(id=M1, legs=(found,)))

    await world.dispatcher.state_found(tracked, NOW)

    assert [(Status.UNKNOWN, Status.REJECTED)] == world.statuses


async def test_an_opt_out_that_is_found_is_recorded_once(world: World) -> None:
    """A status that is handed on again, because a handler failed, is no further opt-out."""

    def fail(_: StatusChanged) -> None:
        raise LookupError

    world.handlers.on_status(fail)
    tell(world.tracker, accepted())
    found = leg(Status.REJECTED, reason=Reason.OPTED_OUT)
    tracked = await world.tracker.look_up(MessageStatus(id=M1, legs=(found,)))
    done: set[object] = set()

    for _ in range(2):
        with pytest.raises(LookupError):
            await world.dispatcher.state_found(tracked, NOW, done)

    assert [NUMBER] == [each.address for each in world.suppression.changes]


async def test_a_report_of_an_unknown_message_opts_out_whom_it_names(world: World) -> None:
    """A report may be about a message that another process has sent; its recipient counts."""
    await world.give(report(Status.REJECTED, "m1", reason=Reason.OPTED_OUT, recipient=NUMBER))

    assert [NUMBER] == [each.address for each in world.suppression.changes]


async def test_the_recipient_of_the_send_comes_first(world: World) -> None:
    """The suppression list gets the recipient as it was sent to, not as the provider writes it."""
    tell(world.tracker, accepted())

    await world.give(report(Status.REJECTED, "m1", reason=Reason.OPTED_OUT, recipient="0"))

    assert [NUMBER] == [each.address for each in world.suppression.changes]


async def test_the_recipient_of_a_send_replaces_that_of_an_earlier_report(world: World) -> None:
    """A report that comes before the answer to its send names a recipient only until then."""
    await world.give(report(Status.SENT, "m1", recipient="0"))
    early = await world.tracker.find(M1)
    tell(world.tracker, accepted())
    known = await world.tracker.find(M1)

    assert early is not None
    assert known is not None
    assert ("0", NUMBER) == (early.to, known.to)


async def test_an_interaction_with_an_unknown_message_opts_out_whom_it_names(world: World) -> None:
    """An unsubscription often comes days later, when the message is not tracked any more."""
    world.listen()

    await world.give(attrs.evolve(unsubscribed("r1"), recipient=NUMBER))

    assert [NUMBER] == [each.address for each in world.suppression.changes]


async def test_an_interaction_opts_out_whom_it_names_where_the_send_names_nobody(
    world: World,
) -> None:
    """A look-up that proves a send names no recipient; the provider's callback does."""
    world.listen()
    world.tracker.prove(accepted())

    await world.give(attrs.evolve(unsubscribed("r1"), recipient=NUMBER))

    assert [NUMBER] == [each.address for each in world.suppression.changes]


def unsubscribed(reference: str | None = None) -> InteractionEvent:
    """Return an unsubscribe event."""
    return InteractionEvent(
        provider="tiny",
        account="main",
        at=NOW,
        key="unsubscribed",
        reference=reference,
        interaction=Interaction(
            message_id=M1,
            kind=InteractionKind.UNSUBSCRIBED,
            provider_kind="unsubscribe-request",
            at=NOW,
            channel=Channel.EMAIL,
        ),
    )


@pytest.mark.parametrize("is_batch", [False, True])
async def test_an_interaction_opts_out(world: World, *, is_batch: bool) -> None:
    """An unsubscribe event is recorded with the recipient, of a batch's message by reference."""
    world.listen()
    tell(world.tracker, accepted(None, batch_id="b1") if is_batch else accepted())

    await world.give(unsubscribed("r1"))

    assert [NUMBER] == [each.address for each in world.suppression.changes]


async def test_an_opt_out_of_nobody_known_is_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """An opt-out of an unknown recipient is recorded without an address and logged."""
    world.listen()

    await world.give(unsubscribed())

    assert [None] == [each.address for each in world.suppression.changes]
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "is unknown here" in record.getMessage()


async def test_an_opt_out_that_was_not_recorded_is_not_handled(world: World) -> None:
    """An event whose opt-out could not be recorded is not handled until it is repeated."""
    world.listen()
    world.suppression.is_down = True
    with pytest.raises(StoreDownError):
        await world.give(reply("STOP"))
    world.suppression.is_down = False

    await world.give(reply("STOP"))

    assert 1 == len(world.handled)
    assert NUMBER in world.suppression
