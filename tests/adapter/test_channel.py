"""The channel that an account sends a message on."""

from __future__ import annotations

import pytest

from omnimsg import Channel, Client, Email, Message, Text
from omnimsg.sandbox import config


@pytest.mark.parametrize(
    ("message", "account_channel", "expected"),
    [
        (Message("+27820001000", "Hi"), None, Channel.SMS),
        (Message("+27820001000", "Hi"), "whatsapp", Channel.WHATSAPP),
        (Message("+27820001000", "Hi", channel="sms"), "whatsapp", Channel.SMS),
        (Message("a@example.test", Email(subject="Hi", text="Hi")), None, Channel.EMAIL),
        (Message("a@example.test", Email(subject="Hi", text="Hi")), "whatsapp", Channel.EMAIL),
        (Message("a@example.test", Text("Hi"), channel="sms"), None, Channel.SMS),
        (Message("+a@example.test", Email(subject="Hi", text="Hi")), "whatsapp", Channel.EMAIL),
    ],
)
def test_the_channel_of_a_message(
    message: Message, account_channel: str | None, expected: Channel
) -> None:
    """The message's channel comes first, then e-mail for an address, the account's, Bird's."""
    table = config(1)["accounts"]["bird"]
    if account_channel is not None:
        table["channel"] = account_channel
    (bird,) = Client.from_config({"accounts": {"bird": table}}).accounts.values()

    assert bird.channel_of(message) == expected
