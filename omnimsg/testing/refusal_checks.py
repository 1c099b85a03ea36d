"""Checks that `check` refuses everything that the capabilities lack."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Content, Interactive, Media, Text
from omnimsg.domain.failure import Failure
from omnimsg.domain.media import Inline, MediaKind, Stored
from omnimsg.domain.message import Message
from omnimsg.domain.reason import Reason, Retry
from omnimsg.testing import samples
from omnimsg.testing.assertions import assert_no_violations
from omnimsg.testing.harness import Harness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omnimsg.adapter import Adapter, ChannelCapabilities

# The limit of inline files, in bytes, that a check builds only to have them refused.
MAX_BUILT_BYTES = 32_000_000

ITEM_PATH = "content.items[0]"


@attrs.frozen
class ExpectedRefusal:
    """A message that must be refused.

    Attributes:
        name: The unsupported feature, for failure texts.
        message: The message.
        path: The path that the refusal must name.
        reason: The reason that it must give.
    """

    name: str
    message: Message
    path: str = attrs.field(kw_only=True)
    reason: Reason = attrs.field(kw_only=True)


class RefusalChecks(Harness):
    """Nothing is dropped silently: an unsupported feature is refused by the path of its field."""

    def test_unsupported_channels_are_refused(self) -> None:
        """Every channel that the capabilities lack is refused by the path `channel`."""
        message = self.batch(1)[0]

        self._assert_refused(
            ExpectedRefusal(
                f"channel {channel.value}",
                attrs.evolve(message, channel=channel),
                path="channel",
                reason=Reason.UNSUPPORTED,
            )
            for channel in Channel
            if channel not in self.capabilities.channels
        )

    def test_unsupported_recipients_are_refused(self) -> None:
        """Every form of recipient that a channel lacks is refused by the path `to`."""
        self._assert_refused(
            ExpectedRefusal(
                f"{plain.channel} to {kind}",
                attrs.evolve(plain, to=to),
                path="to",
                reason=Reason.INVALID_RECIPIENT,
            )
            for plain, can in self._plain_messages()
            for kind, to in samples.RECIPIENTS.items()
            if kind not in can.recipients
        )

    def test_unsupported_fields_are_refused(self) -> None:
        """Every optional field that a channel lacks is refused by its own name."""
        capabilities = self.capabilities

        self._assert_refused(
            ExpectedRefusal(
                f"{plain.channel} with {field}",
                attrs.evolve(plain, **{field: values[0]}),
                path=field,
                reason=Reason.UNSUPPORTED,
            )
            for plain, can in self._plain_messages()
            if plain.channel is not None
            for field, values in samples.field_values(plain.channel, capabilities).items()
            if field not in can.fields
        )

    def test_unsupported_content_is_refused(self) -> None:
        """Every kind of content that a channel lacks is refused by the path `content`."""
        self._assert_refused(
            ExpectedRefusal(
                f"{plain.channel} with {kind}",
                _with_content(plain, content),
                path="content",
                reason=Reason.UNSUPPORTED_CONTENT,
            )
            for plain, can in self._plain_messages()
            for kind, content in samples.CONTENT.items()
            if kind not in can.content
        )

    def test_unsupported_actions_are_refused(self) -> None:
        """Every action that a channel lacks is refused by its path."""
        self._assert_refused(
            ExpectedRefusal(
                f"{plain.channel} with {kind}",
                _with_content(plain, Interactive("Your table is ready", [action])),
                path="content.actions[0]",
                reason=Reason.UNSUPPORTED_CONTENT,
            )
            for plain, can in self._plain_messages()
            if "interactive" in can.content
            for kind, action in samples.ACTIONS.items()
            if kind not in can.actions
        )

    def test_too_long_text_is_refused(self) -> None:
        """One character above a channel's `text_limit` is refused by the path `content.text`."""
        self._assert_refused(
            ExpectedRefusal(
                f"{plain.channel} with {can.text_limit + 1} characters",
                _with_content(plain, Text("x" * (can.text_limit + 1))),
                path="content.text",
                reason=Reason.CONTENT_TOO_LARGE,
            )
            for plain, can in self._plain_messages()
            if can.text_limit is not None and "text" in can.content
        )

    def test_unsupported_media_are_refused(self) -> None:
        """Kinds, types, sizes and sources that a channel lacks are refused by their path."""
        account, uploads = self.account().name, self.adapter_class.uploads()

        self._assert_refused(
            refusal
            for plain, can in self._plain_messages()
            if "media" in can.content
            for refusal in _media_refusals(plain, can, account, uploads=uploads)
        )

    def test_media_of_another_account_are_refused(self) -> None:
        """A file stored for another account is refused with `MEDIA_NEEDS_UPLOAD`."""
        other = Stored(account=f"not-{self.account().name}", id="1", url="https://example.test/1")

        self._assert_refused(
            ExpectedRefusal(
                f"{plain.channel} with {kind.value} of another account",
                _with_content(plain, Media((samples.media_item(kind, other, limit),))),
                path=f"{ITEM_PATH}.source",
                reason=Reason.MEDIA_NEEDS_UPLOAD,
            )
            for plain, can in self._plain_messages()
            if "media" in can.content
            for kind, limit in can.media.items()
        )

    def _plain_messages(self) -> Iterator[tuple[Message, ChannelCapabilities]]:
        """Yield a plain message for each channel, of text if the channel has it."""
        account = self.account().name
        for channel, can in self.capabilities.channels.items():
            content = next(
                each
                for kind in sorted(can.content, key=lambda kind: kind != "text")
                for each in samples.contents(kind, can, account)
            )
            yield Message(samples.recipient(can), content, channel=channel), can

    def _assert_refused(self, refusals: Iterable[ExpectedRefusal]) -> None:
        """Fail unless `check` refuses every message as expected; skip if there is none."""
        adapter = self.build_adapter()

        violations = [_refusal_violations(adapter, each) for each in refusals]

        if not violations:
            raise SkipTest("the capabilities support everything of this kind")
        assert_no_violations(list(chain.from_iterable(violations)))


def _refusal_violations(adapter: Adapter[Any], expected: ExpectedRefusal) -> list[str]:
    try:
        failure = adapter.check(expected.message)
    except Exception as error:  # noqa: BLE001 - `check` must not raise
        return [f"{expected.name}: check raised {type(error).__name__}: {error}"]
    if not isinstance(failure, Failure):
        return [f"{expected.name}: is not refused"]
    return [
        f"{expected.name}: {name} is {actual!r}, should be {due!r}"
        for name, actual, due in (
            ("path", failure.path, expected.path),
            ("reason", failure.reason.name, expected.reason.name),
            ("retry", failure.retry.name, Retry.NEVER.name),
        )
        if actual != due
    ]


def _with_content(message: Message, content: Content) -> Message:
    return attrs.evolve(message, content=content)


def _media_refusals(
    plain: Message, can: ChannelCapabilities, account: str, *, uploads: bool
) -> Iterator[ExpectedRefusal]:
    """Yield messages with unsupported media: by kind, type, size, source and inline size."""
    for name, media, path, reason in _unsupported_media(can, account, uploads=uploads):
        message = _with_content(plain, media)
        yield ExpectedRefusal(f"{plain.channel} with {name}", message, path=path, reason=reason)


def _unsupported_media(
    can: ChannelCapabilities, account: str, *, uploads: bool
) -> Iterator[tuple[str, Media, str, Reason]]:
    """Yield media that a channel lacks, each with a name and the path and reason of its refusal."""
    sources = [samples.media_source(kind, account) for kind in sorted(can.sources)]
    for kind in MediaKind:
        if kind not in can.media and sources:
            media = Media((samples.media_item(kind, sources[0]),))
            yield kind.value, media, f"{ITEM_PATH}.kind", Reason.UNSUPPORTED_CONTENT
    for kind, limit in can.media.items():
        for source in sources[:1] if limit.types else ():
            strange = attrs.evolve(
                samples.media_item(kind, source, limit), content_type="application/x-omnimsg"
            )
            name = f"{kind.value} of a strange type"
            yield name, Media((strange,)), f"{ITEM_PATH}.content_type", Reason.MEDIA_INVALID
        if limit.max_bytes is not None:
            for source in sources:
                if not isinstance(source, Inline):
                    large = attrs.evolve(
                        samples.media_item(kind, source, limit), size=limit.max_bytes + 1
                    )
                    name = f"{kind.value} by {source.kind} with a byte too many"
                    yield name, Media((large,)), f"{ITEM_PATH}.source", Reason.MEDIA_TOO_LARGE
        for name in {"inline", "link", "stored"} - can.sources:
            needs_upload = uploads and name == "inline" and "stored" in can.sources
            reason = Reason.MEDIA_NEEDS_UPLOAD if needs_upload else Reason.UNSUPPORTED_CONTENT
            item = samples.media_item(kind, samples.media_source(name, account), limit)
            yield f"{kind.value} by {name}", Media((item,)), f"{ITEM_PATH}.source", reason
        limit_inline = can.inline_max_bytes
        if "inline" in can.sources and limit_inline is not None and limit_inline < MAX_BUILT_BYTES:
            item = samples.media_item(kind, Inline(bytes(limit_inline + 1)), limit)
            name = f"{kind.value} with {limit_inline + 1} bytes inline"
            yield name, Media((item,)), f"{ITEM_PATH}.source", Reason.MEDIA_TOO_LARGE
