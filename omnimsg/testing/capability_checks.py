"""Checks that what the capabilities allow is said, whole and in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omnimsg.adapter import actions_of, items_of, sources_of
from omnimsg.domain.address import ProviderContact
from omnimsg.domain.failure import Failure
from omnimsg.testing import samples
from omnimsg.testing.field_mutations import HINTS, field_mutations
from omnimsg.testing.harness import Harness, hold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from omnimsg.adapter import Adapter, Capabilities, Request
    from omnimsg.domain.channel import Channel
    from omnimsg.domain.message import Message


class CapabilityChecks(Harness):
    """A capability is a promise: what is neither refused nor said was dropped."""

    def test_the_authors_samples_are_accepted(self) -> None:
        """Every message that the author calls a sample passes `check`."""
        adapter = self.build()

        hold(
            [
                f"sample {index} ({each.content.kind}): {failure.sentence()}"
                for index, each in enumerate(self.samples())
                for failure in [adapter.check(each)]
                if failure is not None
            ]
        )

    def test_what_passes_the_check_can_be_sent(self) -> None:
        """Whatever `check` lets pass becomes a request without an error."""
        adapter = self.build()
        broken: list[str] = []
        for message in self._said(adapter):
            try:
                self.first_request(message, adapter)
            except Exception as error:  # noqa: BLE001 - whatever it raises breaks the promise
                broken.append(f"{_name(message)}: raised {type(error).__name__}: {error}")
        hold(broken)

    def test_everything_the_capabilities_name_can_be_said(self) -> None:
        """Each content, media kind, source, action and recipient is in some accepted message."""
        adapter = self.build()
        proven = {
            (adapter.channel_of(message), *claim)
            for message in self._said(adapter)
            for claim in _claims(message)
        }

        hold(
            [
                f"{channel.value}: no message with {what} {name} passes; give one in"
                f" {self._name}.samples, or take it out of the capabilities"
                for channel, what, name in _promises(adapter.capabilities)
                if (channel, what, name) not in proven
            ]
        )

    def test_every_field_the_capabilities_name_is_sent(self) -> None:
        """Another value of an optional field makes another request."""
        adapter = self.build()
        broken: list[str] = []
        bases = list(self._said(adapter))
        for channel, can in adapter.capabilities.channels.items():
            values = {**samples.field_values(channel, adapter.capabilities), **self.values}
            here = [each for each in bases if adapter.channel_of(each) is channel]
            for field in sorted(can.fields):
                pairs = [
                    [attrs.evolve(each, **{field: value}) for value in values[field]]
                    for each in here
                ]
                usable = [pair for pair in pairs if not any(map(adapter.check, pair))]
                if not usable:
                    broken.append(
                        f"{channel.value}: no sample passes with `{field}`; give two values in"
                        f" {self._name}.values, or take it out of the capabilities"
                    )
                    continue
                one, other = (self._request_of(each, adapter) for each in usable[0])
                if one == other:
                    broken.append(f"{channel.value}: `{field}` is not in the request")
        hold(broken)

    def test_nothing_that_is_said_is_dropped(self) -> None:
        """A change of any part of any content changes the request, or is refused by its path.

        Fields that tell of a file, or that the author calls `hints`, are left alone.
        """
        adapter = self.build()
        broken: dict[str, None] = {}
        for message in self._said(adapter):
            hints = self._hints(adapter.channel_of(message))
            before = self._request_of(message, adapter)
            for path, content in field_mutations(message.content, "content", hints=hints):
                changed = attrs.evolve(message, content=content)
                wrong = self._dropped(changed, before, adapter)
                if wrong is not None:
                    broken[f"{_name(message)}: {path} {wrong}"] = None
        hold(list(broken))

    def test_nothing_of_a_reserve_is_dropped(self) -> None:
        """A change of any part of a fallback leg changes the request, or is refused."""
        adapter = self.build()
        broken: dict[str, None] = {}
        for message in self._said(adapter):
            channel = adapter.channel_of(message)
            if channel is None or "fallback" not in adapter.capabilities.channels[channel].fields:
                continue
            legs = {**samples.field_values(channel, adapter.capabilities), **self.values}
            whole = attrs.evolve(message, fallback=legs["fallback"][0])
            if adapter.check(whole) is not None:
                continue
            before = self._request_of(whole, adapter)
            for path, leg in field_mutations(
                whole.fallback[0], "fallback[0]", hints=self._hints(channel)
            ):
                changed = attrs.evolve(whole, fallback=(leg, *whole.fallback[1:]))
                wrong = self._dropped(changed, before, adapter)
                if wrong is not None:
                    broken[f"{_name(message)}: {path} {wrong}"] = None
        hold(list(broken))

    def _hints(self, channel: Channel | None) -> frozenset[str]:
        return HINTS | {each.removeprefix(f"{channel}:") for each in self.hints}

    def _said(self, adapter: Adapter[Any]) -> Iterator[Message]:
        """Yield the author's samples, and those of the suite that the adapter lets pass."""
        yield from self.samples()
        for message in samples.messages(adapter.capabilities, adapter.account.name):
            if adapter.check(message) is None:
                yield message

    def _request_of(self, message: Message, adapter: Adapter[Any]) -> Request | None:
        """Return a message's request; what cannot be sent is another check's business."""
        try:
            return self.first_request(message, adapter)
        except Exception:  # noqa: BLE001 - reported by `test_what_passes_the_check_can_be_sent`
            return None

    def _dropped(
        self, message: Message, before: Request | None, adapter: Adapter[Any]
    ) -> str | None:
        try:
            failure = adapter.check(message)
        except Exception as error:  # noqa: BLE001 - whatever it raises breaks the promise
            return f"makes check raise {type(error).__name__}: {error}"
        if isinstance(failure, Failure):
            return None if failure.path else "is refused without a path"
        try:
            after = self.first_request(message, adapter)
        except Exception as error:  # noqa: BLE001 - whatever it raises breaks the promise
            return f"passes and raises {type(error).__name__}: {error}"
        return "is neither sent nor refused" if after == before else None


def _claims(message: Message) -> Iterator[tuple[str, str]]:
    content = message.content
    yield "content", content.kind
    yield (
        "recipient",
        (
            "contact"
            if isinstance(message.to, ProviderContact)
            else "phone"
            if message.to.startswith("+")
            else "email"
        ),
    )
    yield from (("media", item.kind.value) for _, item in items_of(content))
    yield from (("source", source.kind) for _, source in sources_of(content))
    yield from (("action", action.kind) for _, action in actions_of(content))


def _promises(capabilities: Capabilities) -> Iterable[tuple[Channel, str, str]]:
    return (
        (channel, what, name)
        for channel, can in capabilities.channels.items()
        for what, names in (
            ("content", can.content),
            ("recipient", can.recipients),
            ("media", [each.value for each in can.media]),
            ("source", can.sources),
            ("action", can.actions),
        )
        for name in sorted(names)
    )


def _name(message: Message) -> str:
    return f"{message.channel or 'default channel'} {message.content.kind}"
