"""Checks that every declared capability is accepted and reaches the request in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import actions_of, items_of, sources_of
from omnimsg.domain.address import ProviderContact, is_mailbox
from omnimsg.domain.failure import Failure
from omnimsg.testing.adapters import samples
from omnimsg.testing.adapters.field_mutations import FILE_HINTS, field_mutations
from omnimsg.testing.adapters.harness import Harness
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from omnimsg.adapter import Adapter, Capabilities, Request
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.message import Message


class CapabilityChecks(Harness):
    """Everything that is not refused is sent; nothing is dropped."""

    @check
    def test_samples_pass_the_check(self) -> Iterator[str]:
        """Every message of the author's `samples` passes `check`."""
        adapter = self.build_adapter()
        for index, message in enumerate(self.samples()):
            failure = adapter.check(message)
            if failure is not None:
                yield f"sample {index} ({message.content.kind}): {failure.sentence()}"

    @check
    def test_checked_messages_can_be_sent(self) -> Iterator[str]:
        """Every message that passes `check` becomes a request without an error."""
        adapter = self.build_adapter()
        for message in self._sendable_messages(adapter):
            try:
                self.sending_requests(message, adapter)
            except Exception as error:  # noqa: BLE001 - `send` must not raise
                yield f"{_name(message)}: raised {type(error).__name__}: {error}"

    @check
    def test_every_declared_feature_is_accepted(self) -> Iterator[str]:
        """For each content, media kind, source, action and recipient, some message passes."""
        adapter = self.build_adapter()
        accepted = {
            (adapter.channel_of(message), *feature)
            for message in self._sendable_messages(adapter)
            for feature in _features_of(message)
        }
        for channel, category, name in _declared_features(adapter.capabilities):
            if (channel, category, name) not in accepted:
                yield (
                    f"{channel.value}: no message with {category} {name} passes; give one in"
                    f" {self.class_name}.samples, or take it out of the capabilities"
                )

    @check
    def test_every_declared_field_is_sent(self) -> Iterator[str]:
        """Two values of an optional field give two different requests."""
        adapter = self.build_adapter()
        messages = list(self._sendable_messages(adapter))
        for channel, can in adapter.capabilities.channels.items():
            values = self._field_values(channel, adapter)
            on_channel = [each for each in messages if adapter.channel_of(each) is channel]
            for field in sorted(can.fields):
                pairs = (
                    [attrs.evolve(each, **{field: value}) for value in values[field]]
                    for each in on_channel
                )
                usable = next((pair for pair in pairs if not any(map(adapter.check, pair))), None)
                if usable is None:
                    yield (
                        f"{channel.value}: no sample passes with `{field}`; give two values in"
                        f" {self.class_name}.values, or take it out of the capabilities"
                    )
                    continue
                first, second = (self._requests_of(each, adapter) for each in usable)
                if first == second:
                    yield f"{channel.value}: `{field}` is not in the request"

    @check
    def test_no_content_field_is_dropped(self) -> Iterator[str]:
        """A change of any field of any content changes the request, or is refused by its path.

        Fields that describe a file, and the author's `hints`, are not changed.
        """
        adapter = self.build_adapter()
        for message in self._sendable_messages(adapter):
            hints = self._hints(adapter.channel_of(message))
            before = self._requests_of(message, adapter)
            for path, content in field_mutations(message.content, "content", hints=hints):
                changed = attrs.evolve(message, content=content)
                problem = self._drop_problem(changed, before, adapter)
                if problem is not None:
                    yield f"{_name(message)}: {path} {problem}"

    @check
    def test_no_fallback_field_is_dropped(self) -> Iterator[str]:
        """A change of any field of a fallback leg changes the request, or is refused.

        Tested with one message of each content on each channel.
        """
        adapter = self.build_adapter()
        tested: set[tuple[Channel, str]] = set()
        for plain in self._sendable_messages(adapter):
            channel = adapter.channel_of(plain)
            if channel is None or "fallback" not in adapter.capabilities.channels[channel].fields:
                continue
            fallback = self._field_values(channel, adapter)["fallback"][0]
            message = attrs.evolve(plain, fallback=fallback)
            kind = channel, message.content.kind
            if kind in tested or adapter.check(message) is not None:
                continue
            tested.add(kind)
            before = self._requests_of(message, adapter)
            first, *others = message.fallback
            for path, leg in field_mutations(first, "fallback[0]", hints=self._hints(channel)):
                changed = attrs.evolve(message, fallback=(leg, *others))
                problem = self._drop_problem(changed, before, adapter)
                if problem is not None:
                    yield f"{_name(message)}: {path} {problem}"

    def _hints(self, channel: Channel | None) -> frozenset[str]:
        return FILE_HINTS | {each.removeprefix(f"{channel}:") for each in self.hints}

    def _field_values(self, channel: Channel, adapter: Adapter[Any]) -> dict[str, tuple[Any, Any]]:
        return {**samples.field_values(channel, adapter.capabilities), **self.values}

    def _sendable_messages(self, adapter: Adapter[Any]) -> Iterator[Message]:
        """Yield the author's samples, and those of the suite's samples that pass `check`."""
        yield from self.samples()
        for message in samples.messages(adapter.capabilities, adapter.account.name):
            if adapter.check(message) is None:
                yield message

    def _requests_of(self, message: Message, adapter: Adapter[Any]) -> tuple[Request, ...] | None:
        """Return a message's requests; `None` if that raises, which another check reports."""
        try:
            return self.sending_requests(message, adapter)
        except Exception:  # noqa: BLE001 - reported by `test_checked_messages_can_be_sent`
            return None

    def _drop_problem(
        self, message: Message, before: tuple[Request, ...] | None, adapter: Adapter[Any]
    ) -> str | None:
        """Return what is wrong if a changed message neither is refused nor changes the request."""
        try:
            failure = adapter.check(message)
        except Exception as error:  # noqa: BLE001 - `check` must not raise
            return f"makes check raise {type(error).__name__}: {error}"
        if isinstance(failure, Failure):
            return None if failure.path else "is refused without a path"
        try:
            after = self.sending_requests(message, adapter)
        except Exception as error:  # noqa: BLE001 - `send` must not raise
            return f"passes and raises {type(error).__name__}: {error}"
        return "is neither sent nor refused" if after == before else None


def _features_of(message: Message) -> Iterator[tuple[str, str]]:
    """Yield the category and name of every feature that a message uses."""
    content = message.content
    yield "content", content.kind
    yield "recipient", _recipient_kind(message.to)
    yield from (("media", item.kind.value) for _, item in items_of(content))
    yield from (("source", source.kind) for _, source in sources_of(content))
    yield from (("action", action.kind) for _, action in actions_of(content))


def _recipient_kind(to: str | ProviderContact) -> str:
    if isinstance(to, ProviderContact):
        return "contact"
    return "email" if is_mailbox(to) else "phone"


def _declared_features(capabilities: Capabilities) -> Iterator[tuple[Channel, str, str]]:
    """Yield the channel, category and name of every feature that the capabilities declare."""
    for channel, can in capabilities.channels.items():
        for category, names in (
            ("content", can.content),
            ("recipient", can.recipients),
            ("media", [kind.value for kind in can.media]),
            ("source", can.sources),
            ("action", can.actions),
        ):
            for name in sorted(names):
                yield channel, category, name


def _name(message: Message) -> str:
    return f"{message.channel or 'default channel'} {message.content.kind}"
