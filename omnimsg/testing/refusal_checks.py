"""Checks that what the capabilities deny is refused before a request exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Content, Interactive, Media, Text
from omnimsg.domain.failure import Failure
from omnimsg.domain.media import Inline, MediaKind, Stored
from omnimsg.domain.message import Message
from omnimsg.domain.reason import Reason, Retry
from omnimsg.testing import samples
from omnimsg.testing.harness import Harness, hold, skip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.adapter import ChannelCapabilities

# Bytes that are worth building only to see them refused.
MOST_BUILT = 32_000_000


@attrs.frozen
class ExpectedRefusal:
    """A message that must be refused.

    Attributes:
        name: What is wrong with it.
        message: The message.
        path: The path that the refusal must name.
        reason: The reason that it must give.
    """

    name: str
    message: Message
    path: str
    reason: Reason


class RefusalChecks(Harness):
    """Nothing is dropped silently: a refusal names the field, and no request is made."""

    def test_other_channels_are_refused(self) -> None:
        """Every channel that the capabilities do not hold is refused by the path `channel`."""
        carried = self.capabilities.channels
        message = self.batch(1)[0]

        self._refuses(
            ExpectedRefusal(
                f"channel {each.value}",
                attrs.evolve(message, channel=each),
                "channel",
                Reason.UNSUPPORTED,
            )
            for each in Channel
            if each not in carried
        )

    def test_other_recipients_are_refused(self) -> None:
        """Every way to write a recipient that a channel does not take is refused by `to`."""
        self._refuses(
            ExpectedRefusal(
                f"{base.channel} to {kind}", attrs.evolve(base, to=to), "to", _RECIPIENT
            )
            for base, can in self._bases()
            for kind, to in samples.RECIPIENTS.items()
            if kind not in can.recipients
        )

    def test_fields_that_cannot_be_said_are_refused(self) -> None:
        """Every optional field that a channel lacks is refused by its own name."""
        capabilities = self.capabilities

        self._refuses(
            ExpectedRefusal(
                f"{base.channel} with {field}",
                attrs.evolve(base, **{field: values[0]}),
                field,
                Reason.UNSUPPORTED,
            )
            for base, can in self._bases()
            if base.channel is not None
            for field, values in samples.field_values(base.channel, capabilities).items()
            if field not in can.fields
        )

    def test_content_that_cannot_be_said_is_refused(self) -> None:
        """Every kind of content that a channel lacks is refused by the path `content`."""
        self._refuses(
            ExpectedRefusal(
                f"{base.channel} with {kind}", _with(base, content), "content", _CONTENT
            )
            for base, can in self._bases()
            for kind, content in samples.PLAIN.items()
            if kind not in can.content
        )

    def test_actions_that_cannot_be_said_are_refused(self) -> None:
        """Every action that a channel lacks is refused by its place."""
        self._refuses(
            ExpectedRefusal(
                f"{base.channel} with {kind}",
                _with(base, Interactive("Your table is ready", [action])),
                "content.actions[0]",
                _CONTENT,
            )
            for base, can in self._bases()
            if "interactive" in can.content
            for kind, action in samples.ACTIONS.items()
            if kind not in can.actions
        )

    def test_text_that_is_too_long_is_refused(self) -> None:
        """One character more than a channel takes is refused by `content.text`."""
        self._refuses(
            ExpectedRefusal(
                f"{base.channel} with {can.text_limit + 1} characters",
                _with(base, Text("x" * (can.text_limit + 1))),
                "content.text",
                Reason.CONTENT_TOO_LARGE,
            )
            for base, can in self._bases()
            if can.text_limit is not None and "text" in can.content
        )

    def test_media_that_cannot_be_carried_are_refused(self) -> None:
        """Kinds, types, sizes and sources that a channel lacks are refused by the path to them."""
        account = self.account().name

        self._refuses(
            ExpectedRefusal(f"{base.channel} with {name}", _with(base, media), path, reason)
            for base, can in self._bases()
            if "media" in can.content
            for name, media, path, reason in _media(
                can, account, uploads=self.adapter_class.uploads()
            )
        )

    def test_media_of_another_account_are_refused(self) -> None:
        """A file stored for another account is refused and told to be uploaded."""
        other = Stored(account=f"not-{self.account().name}", id="1", url="https://example.test/1")

        self._refuses(
            ExpectedRefusal(
                f"{base.channel} with {kind.value} of another account",
                _with(base, Media((samples.item(kind, other, can.media[kind]),))),
                "content.items[0].source",
                Reason.MEDIA_NEEDS_UPLOAD,
            )
            for base, can in self._bases()
            if "media" in can.content
            for kind in can.media
        )

    def _bases(self) -> Iterator[tuple[Message, ChannelCapabilities]]:
        """Yield a plain message for each channel."""
        account = self.account().name
        for channel, can in self.capabilities.channels.items():
            plain = next(
                each
                for kind in sorted(can.content, key=lambda kind: kind != "text")
                for each in samples.contents(kind, can, account)
            )
            yield Message(samples.recipient(can), plain, channel=channel), can

    def _refuses(self, denials: Iterator[ExpectedRefusal]) -> None:
        broken: list[str] = []
        count = 0
        adapter = self.build()
        for count, denial in enumerate(denials, 1):  # noqa: B007 - counted to see that there are any
            try:
                failure = adapter.check(denial.message)
            except Exception as error:  # noqa: BLE001 - whatever it raises breaks the promise
                broken.append(f"{denial.name}: check raised {type(error).__name__}: {error}")
                continue
            if not isinstance(failure, Failure):
                broken.append(f"{denial.name}: is not refused")
                continue
            broken += [
                f"{denial.name}: {name} is {given!r}, should be {due!r}"
                for name, given, due in (
                    ("path", failure.path, denial.path),
                    ("reason", failure.reason.name, denial.reason.name),
                    ("retry", failure.retry.name, Retry.NEVER.name),
                )
                if given != due
            ]
        hold(broken)
        if not count:
            raise skip("the capabilities deny nothing of the kind")


_CONTENT = Reason.UNSUPPORTED_CONTENT
_RECIPIENT = Reason.INVALID_RECIPIENT


def _with(message: Message, content: Content) -> Message:
    return attrs.evolve(message, content=content)


def _media(
    can: ChannelCapabilities, account: str, *, uploads: bool
) -> Iterator[tuple[str, Media, str, Reason]]:
    path = "content.items[0]"
    here = [samples.source(kind, account) for kind in sorted(can.sources)]
    for kind in MediaKind:
        if kind not in can.media and here:
            yield kind.value, Media((samples.item(kind, here[0]),)), f"{path}.kind", _CONTENT
    for kind, limit in can.media.items():
        for where in here[:1] if limit.types else ():
            strange = attrs.evolve(
                samples.item(kind, where, limit), content_type="application/x-omnimsg"
            )
            name = f"{kind.value} of a strange type"
            yield name, Media((strange,)), f"{path}.content_type", Reason.MEDIA_INVALID
        if limit.max_bytes is not None:
            for where in here:
                if not isinstance(where, Inline):
                    large = attrs.evolve(samples.item(kind, where, limit), size=limit.max_bytes + 1)
                    name = f"{kind.value} by {where.kind} with a byte too many"
                    yield name, Media((large,)), f"{path}.source", Reason.MEDIA_TOO_LARGE
        for name in {"inline", "link", "stored"} - can.sources:
            needs = uploads and name == "inline" and "stored" in can.sources
            reason = Reason.MEDIA_NEEDS_UPLOAD if needs else _CONTENT
            item = samples.item(kind, samples.source(name, account), limit)
            yield f"{kind.value} by {name}", Media((item,)), f"{path}.source", reason
        most = can.inline_max_bytes
        if "inline" in can.sources and most is not None and most < MOST_BUILT:
            item = samples.item(kind, Inline(bytes(most + 1)), limit)
            name = f"{kind.value} with {most + 1} bytes inside"
            yield name, Media((item,)), f"{path}.source", Reason.MEDIA_TOO_LARGE
