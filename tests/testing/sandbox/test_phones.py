"""Phones in a test: the messages that they have received, and waits for them."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import TYPE_CHECKING

import pytest

from omnimsg import Channel, Client, Email, Interactive, Message, ProviderContact, Reply, Template
from omnimsg.sandbox import FaultError, ReplyError
from omnimsg.testing import serve_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.testing import TestSandbox

    Send = Callable[..., None]

TO, OTHER = "+27820001000", "+27820002000"


def failure(wait: Callable[[], object]) -> str:
    """Return the text of a wait's failure."""
    with pytest.raises(AssertionError) as caught:
        wait()
    return str(caught.value)


@pytest.mark.parametrize(
    "written", [TO, "27820001000", "+27 82 000-1000", "0027 (82) 000 1000", "+27.82.000.1000"]
)
def test_a_number_may_be_grouped(sandbox: TestSandbox, send: Send, written: str) -> None:
    """A phone is found in any notation of its number, and its messages show that notation."""
    send(Message(TO, "Hello"))

    message = sandbox.phone(written).last

    assert (written, "Hello") == (message.number, message.text)


@pytest.mark.parametrize("written", ["082 000 1000", "+27", "Ola", ""])
def test_what_nothing_can_reach_is_no_phone(sandbox: TestSandbox, written: str) -> None:
    """A number without its country code is refused: that it got nothing would prove nothing."""
    with pytest.raises(ValueError, match="is neither a number with its country code"):
        sandbox.phone(written)


def test_a_mailbox_is_a_phone_too(sandbox: TestSandbox, send: Send) -> None:
    """A mailbox is found in any case of letters."""
    send(Message("Ola@example.test", Email(subject="Lunch", text="Fish")), account="bird")

    assert "email" == sandbox.phone("ola@EXAMPLE.test").wait_for().channel


def test_a_whatsapp_user_without_a_known_number_is_a_phone_too(
    sandbox: TestSandbox, send: Send
) -> None:
    """A user whom a business knows by an id only, and not by a number, receives messages too."""
    contact = ProviderContact(key="whatsappbsuid", value="ZA.1349a")
    send(Message(contact, Template("ready"), channel=Channel.WHATSAPP), account="bird")

    assert "whatsapp" == sandbox.phone("ZA.1349a").wait_for().channel


def test_a_message_has_the_facts_of_its_provider(sandbox: TestSandbox, send: Send) -> None:
    """A message has provider, channel, reference, and the id that `send` returned."""
    send(Message(TO, "Hello", reference="order-7"))

    message = sandbox.phone(TO).last

    assert ("clickatell", "sms", "order-7") == (
        message.provider,
        message.channel,
        message.reference,
    )
    assert f"clickatell:{message.id}" == message.message_id


def test_each_wait_returns_another_message(sandbox: TestSandbox, send: Send) -> None:
    """A wait returns the oldest message that no earlier wait has returned."""
    send(Message(TO, "Your code is 1111"), Message(TO, "Your code is 2222"))
    phone = sandbox.phone(TO)

    codes = [phone.wait_for(containing="code").code for _ in range(2)]
    said = failure(lambda: sandbox.phone(TO).wait_for(containing="code", timeout=0))

    assert ["1111", "2222"] == codes
    assert "1. sms through clickatell: 'Your code is 1111' (found by an earlier wait)" in said
    assert ["Your code is 1111", "Your code is 2222"] == [each.text for each in phone.messages]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"text": "Your code is 1111"}, "Your code is 1111"),
        ({"text": re.compile(r"\b2{4}\b")}, "Your code is 2222"),
        ({"containing": "is 2"}, "Your code is 2222"),
        ({"provider": "messente"}, "Your code is 2222"),
        ({"channel": "sms"}, "Your code is 1111"),
        ({"sender": "Shop"}, "Your code is 2222"),
        ({}, "Your code is 1111"),
    ],
)
def test_a_wait_says_what_it_wants(
    sandbox: TestSandbox, send: Send, wanted: dict[str, str], expected: str
) -> None:
    """A wait can be for a text, pattern, part, channel, provider or sender."""
    send(Message(TO, "Your code is 1111"))
    send(Message(TO, "Your code is 2222", sender="Shop"), account="messente")

    assert expected == sandbox.phone(TO).wait_for(**wanted, timeout=0).text


def test_a_wait_ends_when_the_message_comes(sandbox: TestSandbox, send: Send) -> None:
    """A wait ends with a message that another thread sends after it has begun."""
    sender = threading.Timer(0.05, send, [Message(TO, "Hello")])
    sender.start()

    message = sandbox.phone(TO).wait_for("Hello", timeout=30)

    sender.join()
    assert "Hello" == message.text


def test_a_failed_wait_shows_what_came_instead(sandbox: TestSandbox, send: Send) -> None:
    """A failed wait shows received messages, the nearest text, and messages to others."""
    other = sandbox.phone("+27 82 000 2000")
    send(Message(TO, "Your code is 4712"), Message(OTHER, "Hello"))
    phone = sandbox.phone("+27 82 000 1000")

    said = failure(lambda: phone.wait_for("Your code is 4711", channel="sms", timeout=0.01))

    assert [
        "+27 82 000 1000 has not received the text 'Your code is 4711', channel sms within 0.01 s.",
        "It has received 1 message:",
        "  1. sms through clickatell: 'Your code is 4712'",
        "The nearest text (- wanted, + received):",
        "  - Your code is 4711",
        "  ?                 ^",
        "  + Your code is 4712",
        "  ?                 ^",
        "Sent to others:",
        "  1. +27 82 000 2000, sms through clickatell: 'Hello'",
    ] == said.splitlines()
    assert "Hello" == other.last.text


def test_a_failed_wait_shows_what_was_refused(sandbox: TestSandbox, send: Send) -> None:
    """A failed wait shows undelivered messages and refused requests."""
    expired = "+27820990007"
    send(Message(expired, "Hello"))
    fault = sandbox.fail("rate_limit", provider="clickatell")
    send(Message(expired, "Again"))

    said = failure(lambda: sandbox.phone(expired).wait_for(timeout=0)).splitlines()

    assert [
        f"{expired} has not received any message within 0 s.",
        "It has received nothing.",
        "Accepted, and not delivered:",
        f"  1. {expired}, sms through clickatell (EXPIRED): 'Hello'",
        f"  2. {expired}, sms through clickatell (EXPIRED): 'Again'",
        "Refused, or hit by a fault:",
    ] == said[:6]
    assert said[6].startswith("  1. POST /clickatell/v1/message -> 400: fault ")
    assert 1 == fault.fired


def test_a_failed_wait_says_where_nothing_was_asked(sandbox: TestSandbox) -> None:
    """A failed wait says if the sandbox has received no request at all."""
    said = failure(lambda: sandbox.phone(TO).last)

    assert "The sandbox has had no request at all." in said


def test_many_messages_are_cut_short(sandbox: TestSandbox, send: Send) -> None:
    """A failed wait shows the latest ten messages and counts the earlier ones."""
    send(*[Message(TO, f"Number {number}") for number in range(12)])

    said = failure(lambda: sandbox.phone(TO).wait_for("Nothing", timeout=0)).splitlines()

    assert ["  ... 2 earlier ones", "  3. sms through clickatell: 'Number 2'"] == said[2:4]
    assert "  12. sms through clickatell: 'Number 11'" == said[12]


def test_all_messages_are_in_the_order_of_arrival(sandbox: TestSandbox, send: Send) -> None:
    """The messages of all phones are in the order of arrival, and a reset clears them."""
    send(Message(TO, "One"), Message(OTHER, "Two"))

    texts = [each.text for each in sandbox.messages]
    paths = {each["path"] for each in sandbox.requests}
    sandbox.reset()

    assert (["One", "Two"], {"/clickatell/v1/message"}) == (texts, paths)
    assert ([], []) == (sandbox.messages, sandbox.requests)


@pytest.mark.anyio
async def test_an_async_test_may_look_at_what_has_arrived(sandbox: TestSandbox) -> None:
    """In an async test, `wait_for` returns a message that has arrived already."""
    async with Client.from_config(sandbox.config) as client:
        await client.send(Message(TO, "Your code is 4711"))

    assert "4711" == sandbox.phone(TO).wait_for(containing="code").code


@pytest.mark.anyio
async def test_an_async_wait_lets_the_loop_run(sandbox: TestSandbox) -> None:
    """An async wait lets a task of the same event loop send the message."""
    async with Client.from_config(sandbox.config) as client:
        task = asyncio.create_task(client.send(Message(TO, "Hello")))
        message = await sandbox.phone(TO).async_wait_for("Hello")
        await task

    assert "Hello" == message.text


@pytest.mark.anyio
async def test_a_wait_does_not_block_the_loop(sandbox: TestSandbox) -> None:
    """In an async test a blocking wait fails at once, and names the async one."""
    async with Client.from_config(sandbox.config) as client:
        task = asyncio.create_task(client.send(Message(TO, "Hello")))
        said = failure(lambda: sandbox.phone(TO).wait_for("Hello", timeout=3600))
        await task

    assert said.splitlines()[-1].endswith("In an async test: await phone.async_wait_for(...)")
    assert "Hello" == sandbox.phone(TO).last.text


@pytest.mark.anyio
async def test_a_failed_async_wait_says_the_same(sandbox: TestSandbox) -> None:
    """A failed async wait has the same explanation as a blocking one."""
    with pytest.raises(AssertionError, match="has not received the text 'Hello' within 0 s"):
        await sandbox.phone(TO).async_wait_for("Hello", timeout=0)


def test_a_fault_can_be_removed(sandbox: TestSandbox, send: Send) -> None:
    """A removed fault does not apply; an unknown kind of fault is refused."""
    fault = sandbox.fail("reset_before", count=5)
    fault.remove()
    send(Message(TO, "Hello"))

    assert (0, "Hello") == (fault.fired, sandbox.phone(TO).last.text)
    with pytest.raises(FaultError, match="kind: 'earthquake' is unknown"):
        sandbox.fail("earthquake")


def test_a_fault_is_removed_once(sandbox: TestSandbox) -> None:
    """Removing a fault that was removed before is a mistake of the test."""
    fault = sandbox.fail("reset_before")
    fault.remove()

    with pytest.raises(LookupError, match="no fault has the id"):
        fault.remove()


def test_a_window_is_opened(sandbox: TestSandbox, send: Send) -> None:
    """After `open_window` WhatsApp content other than templates is delivered."""
    buttons = Interactive("Table for two?", actions=(Reply("Yes", "yes"),))
    message = Message(TO, buttons, channel=Channel.WHATSAPP)
    send(message, account="bird")
    closed = sandbox.phone(TO).messages
    sandbox.phone(TO).open_window()
    send(message, account="bird")

    assert ([], "whatsapp") == (closed, sandbox.phone(TO).last.channel)


def test_the_sandbox_itself_is_called_in_its_thread(sandbox: TestSandbox) -> None:
    """`call` runs a function with the sandbox in the sandbox's thread."""
    names, thread = sandbox.call(lambda each: (list(each.emulators), threading.get_ident()))

    assert ["bird", "clickatell", "messente"] == names
    assert threading.get_ident() != thread


def test_a_phone_cannot_reply_to_nobody(sandbox: TestSandbox, send: Send) -> None:
    """A reply is an error if no callbacks are configured."""
    send(Message(TO, "Hello"))

    with pytest.raises(RuntimeError, match="callbacks have no address"):
        sandbox.phone("+27 82 000 1000").reply("STOP")


def test_a_button_that_is_not_there_cannot_be_tapped(sandbox: TestSandbox, send: Send) -> None:
    """A tap on a missing button fails and names the existing ones."""
    sandbox.call_back_to(lambda environ, start_response: [])
    sandbox.phone(TO).open_window()
    buttons = Interactive("Table for two?", actions=(Reply("Yes", "yes"),))
    send(Message(TO, buttons, channel=Channel.WHATSAPP), account="bird")

    with pytest.raises(ReplyError, match="it has 'Yes'"):
        sandbox.phone(TO).tap("No")


def test_a_stopped_sandbox_says_so() -> None:
    """Access to a stopped sandbox raises an error, and its file is removed."""
    with serve_sandbox() as sandbox:
        path = sandbox.config.path
        there = path.exists()

    assert (True, False) == (there, path.exists())
    with pytest.raises(RuntimeError, match="has been stopped"):
        sandbox.messages  # noqa: B018 - looked up to fail
