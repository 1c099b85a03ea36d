"""`Phone`: a phone or a mailbox for tests, with its messages and replies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omnimsg.testing.sandbox.matching import Wanted

if TYPE_CHECKING:
    import re

    from omnimsg.sandbox import SentReply
    from omnimsg.testing.sandbox.phone_message import PhoneMessage
    from omnimsg.testing.sandbox.watching import Watch

TIMEOUT = 5.0
"""The default timeout of a wait, in seconds."""


class Phone:
    """The received messages of one person, and the replies.

    Args:
        number: The number in E.164 form, grouped or not, or a mailbox. Failures show it unchanged.
        watch: Reads the sandbox.
    """

    def __init__(self, number: str, watch: Watch) -> None:
        self.number = number
        self._watch = watch
        self._handset = watch.book.note(number)

    def __repr__(self) -> str:
        """Show the number."""
        return f"Phone({self.number!r})"

    @property
    def messages(self) -> list[PhoneMessage]:
        """The received messages, oldest first."""
        return self._watch.messages(self._handset)

    @property
    def last(self) -> PhoneMessage:
        """The last received message.

        Raises:
            AssertionError: The phone has received nothing.
        """
        __tracebackhide__ = True
        messages = self.messages
        if not messages:
            explanation = self._watch.explain(self._handset)
            raise AssertionError(explanation.of_missing(self.number, Wanted(), ""))
        return messages[-1]

    def wait_for(
        self,
        text: str | re.Pattern[str] | None = None,
        *,
        containing: str | None = None,
        channel: str | None = None,
        provider: str | None = None,
        sender: str | None = None,
        timeout: float = TIMEOUT,
    ) -> PhoneMessage:
        """Wait for a message, and return it; each message is returned by one wait only.

        If this thread runs an event loop, it does not wait: the message must have arrived. A wait
        would block the loop, and with it the task that sends the message.

        Args:
            text: The whole text, or a pattern to search in it.
            containing: A part of the text.
            channel: The channel: `sms`, `whatsapp`, ...
            provider: The provider, by name.
            sender: The sender.
            timeout: Seconds.

        Raises:
            AssertionError: No such message has arrived; the text lists the other messages.
        """
        __tracebackhide__ = True
        wanted = Wanted(
            text=text, containing=containing, channel=channel, provider=provider, sender=sender
        )
        return self._watch.wait(self._handset, wanted, timeout)

    async def async_wait_for(
        self,
        text: str | re.Pattern[str] | None = None,
        *,
        containing: str | None = None,
        channel: str | None = None,
        provider: str | None = None,
        sender: str | None = None,
        timeout: float = TIMEOUT,  # noqa: ASYNC109 - the parameters of the other wait
    ) -> PhoneMessage:
        """Wait for a message like `wait_for`, while the event loop runs."""
        __tracebackhide__ = True
        wanted = Wanted(
            text=text, containing=containing, channel=channel, provider=provider, sender=sender
        )
        return await self._watch.async_wait(self._handset, wanted, timeout)

    def assert_nothing_received(self, *, within: float = 0.1) -> None:
        """Require that nothing was sent to the phone, like `TestSandbox.assert_nothing_sent`."""
        __tracebackhide__ = True
        self._watch.require_nothing(self._handset, within, "phone.async_assert_nothing_received()")

    async def async_assert_nothing_received(self, *, within: float = 0.1) -> None:
        """Require the same, while the event loop runs."""
        __tracebackhide__ = True
        await self._watch.async_require_nothing(self._handset, within)

    def reply(self, text: str | None = None, **fields: Any) -> SentReply:  # noqa: ANN401
        """Send a message or an interaction to the application, through a callback of the provider.

        It returns at once; `TestSandbox.wait_for_callbacks` waits until the application has
        answered. By default, the provider and the channel are those of the last message.

        Args:
            text: A text, such as `"STOP"`, or the caption of media.
            fields: Other arguments of `Sandbox.reply`: `media`, `location`, `provider`, ...

        Raises:
            RuntimeError: `TestSandbox.call_back_to` was not called.
            ReplyError: A field is invalid, or no document describes such a message.
        """
        return self._watch.thread.call(self._reply, text, fields)

    def tap(self, label: str, **fields: Any) -> SentReply:  # noqa: ANN401
        """Tap a button, or choose a list entry, of the last message that has any.

        Args:
            label: The label of the button or entry.
            fields: Other arguments of `Sandbox.reply`, such as `guess`.

        Raises:
            RuntimeError: `TestSandbox.call_back_to` was not called.
            ReplyError: There is no such button, or the provider documents no taps.
        """
        return self.reply(button={"label": label}, **fields)

    def open_window(self) -> None:
        """Open WhatsApp's service window, like a message from the phone, but send nothing."""
        self._watch.thread.call(self._watch.thread.sandbox.open_windows, self._handset)

    def _reply(self, text: str | None, fields: dict[str, Any]) -> SentReply:
        sandbox = self._watch.thread.sandbox
        if not sandbox.callbacks.is_on:
            raise RuntimeError(
                f"{self.number} cannot reply, because callbacks have no address: give one with"
                " sandbox.call_back_to(application)"
            )
        return sandbox.reply(self._handset, text, **fields)
