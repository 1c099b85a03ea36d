"""Checks that `check` refuses everything that the capabilities lack."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import attrs

from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Content, Interactive, Media, Text
from omnimsg.domain.failure import Failure
from omnimsg.domain.media import Inline, MediaKind, Stored
from omnimsg.domain.message import Message
from omnimsg.domain.reason import Reason, Retry
from omnimsg.testing.adapters import samples
from omnimsg.testing.adapters.harness import Harness
from omnimsg.testing.assertions import check, differences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omnimsg.adapter import Adapter, ChannelCapabilities
    from omnimsg.domain.content import MediaItem

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


def check_refusals(
    find: Callable[[RefusalChecks], Iterator[ExpectedRefusal]],
) -> Callable[[RefusalChecks], None]:
    """Make a test of a method that yields messages: `check` must refuse each as expected.

    It is skipped if there is none.
    """

    @check
    @wraps(find)
    def test(case: RefusalChecks) -> Iterator[str]:
        adapter, count = case.build_adapter(), 0
        for count, each in enumerate(find(case), 1):  # noqa: B007 - counted for what follows
            yield from _refusal_violations(adapter, each)
        if not count:
            raise SkipTest("the capabilities support everything of this kind")

    return test


class RefusalChecks(Harness):
    """Nothing is dropped silently: an unsupported feature is refused by the path of its field."""

    @check_refusals
    def test_unsupported_channels_are_refused(self) -> Iterator[ExpectedRefusal]:
        """Every channel that the capabilities lack is refused by the path `channel`."""
        plain = self.batch(1)[0]
        for channel in Channel:
            if channel not in self.capabilities.channels:
                message = attrs.evolve(plain, channel=channel)
                yield ExpectedRefusal(
                    f"channel {channel.value}", message, path="channel", reason=Reason.UNSUPPORTED
                )

    @check_refusals
    def test_unsupported_recipients_are_refused(self) -> Iterator[ExpectedRefusal]:
        """Every form of recipient that a channel lacks is refused by the path `to`."""
        for plain, can in self._plain_messages():
            for kind, to in samples.RECIPIENTS.items():
                if kind not in can.recipients:
                    name, message = f"{plain.channel} to {kind}", attrs.evolve(plain, to=to)
                    reason = Reason.INVALID_RECIPIENT
                    yield ExpectedRefusal(name, message, path="to", reason=reason)

    @check_refusals
    def test_unsupported_fields_are_refused(self) -> Iterator[ExpectedRefusal]:
        """Every optional field that a channel lacks is refused by its own name."""
        capabilities = self.capabilities
        for plain, can in self._plain_messages():
            assert plain.channel is not None  # noqa: S101 - each has its channel
            for field, values in samples.field_values(plain.channel, capabilities).items():
                if field not in can.fields:
                    message = attrs.evolve(plain, **{field: values[0]})
                    name, reason = f"{plain.channel} with {field}", Reason.UNSUPPORTED
                    yield ExpectedRefusal(name, message, path=field, reason=reason)

    @check_refusals
    def test_unsupported_content_is_refused(self) -> Iterator[ExpectedRefusal]:
        """Every kind of content that a channel lacks is refused by the path `content`."""
        for plain, can in self._plain_messages():
            for kind, content in samples.CONTENT.items():
                if kind not in can.content:
                    yield _refused_content(
                        plain, kind, content, "content", Reason.UNSUPPORTED_CONTENT
                    )

    @check_refusals
    def test_unsupported_actions_are_refused(self) -> Iterator[ExpectedRefusal]:
        """Every action that a channel lacks is refused by its path."""
        path, reason = "content.actions[0]", Reason.UNSUPPORTED_CONTENT
        for plain, can in self._plain_messages():
            for kind, action in samples.ACTIONS.items():
                if "interactive" in can.content and kind not in can.actions:
                    content = Interactive("Your table is ready", [action])
                    yield _refused_content(plain, kind, content, path, reason)

    @check_refusals
    def test_too_long_text_is_refused(self) -> Iterator[ExpectedRefusal]:
        """One character above a channel's `text_limit` is refused by the path `content.text`."""
        for plain, can in self._plain_messages():
            if can.text_limit is not None and "text" in can.content:
                length = can.text_limit + 1
                name, text = f"{length} characters", Text("x" * length)
                yield _refused_content(plain, name, text, "content.text", Reason.CONTENT_TOO_LARGE)

    @check_refusals
    def test_unsupported_media_are_refused(self) -> Iterator[ExpectedRefusal]:
        """Kinds, types, sizes and sources that a channel lacks are refused by their path."""
        account, uploads = self.account().name, self.adapter_class.uploads()
        for plain, can in self._plain_messages():
            if "media" in can.content:
                for name, item, part, reason in _unsupported_items(can, account, uploads=uploads):
                    yield _refused_content(
                        plain, name, Media((item,)), f"{ITEM_PATH}.{part}", reason
                    )

    @check_refusals
    def test_media_of_another_account_are_refused(self) -> Iterator[ExpectedRefusal]:
        """A file stored for another account is refused with `MEDIA_NEEDS_UPLOAD`."""
        other = Stored(account=f"not-{self.account().name}", id="1", url="https://example.test/1")
        path, reason = f"{ITEM_PATH}.source", Reason.MEDIA_NEEDS_UPLOAD
        for plain, can in self._plain_messages():
            for kind, limit in can.media.items() if "media" in can.content else ():
                media = Media((samples.media_item(kind, other, limit),))
                yield _refused_content(
                    plain, f"{kind.value} of another account", media, path, reason
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


def _refusal_violations(adapter: Adapter[Any], expected: ExpectedRefusal) -> Iterator[str]:
    try:
        failure = adapter.check(expected.message)
    except Exception as error:  # noqa: BLE001 - `check` must not raise
        yield f"{expected.name}: check raised {type(error).__name__}: {error}"
        return
    if not isinstance(failure, Failure):
        yield f"{expected.name}: is not refused"
        return
    yield from differences(
        expected.name,
        ("path", failure.path, expected.path),
        ("reason", failure.reason.name, expected.reason.name),
        ("retry", failure.retry.name, Retry.NEVER.name),
    )


def _refused_content(
    plain: Message, name: str, content: Content, path: str, reason: Reason
) -> ExpectedRefusal:
    message = attrs.evolve(plain, content=content)
    return ExpectedRefusal(f"{plain.channel} with {name}", message, path=path, reason=reason)


def _unsupported_items(
    can: ChannelCapabilities, account: str, *, uploads: bool
) -> Iterator[tuple[str, MediaItem, str, Reason]]:
    """Yield files that a channel lacks, each with a name, and the field and reason to be given."""
    sources = [samples.media_source(kind, account) for kind in sorted(can.sources)]
    for kind in MediaKind:
        if kind not in can.media and sources:
            item = samples.media_item(kind, sources[0])
            yield kind.value, item, "kind", Reason.UNSUPPORTED_CONTENT
    for kind, limit in can.media.items():
        for source in sources[:1] if limit.types else ():
            item = samples.media_item(kind, source, limit)
            strange = attrs.evolve(item, content_type="application/x-omnimsg")
            name = f"{kind.value} of a strange type"
            yield name, strange, "content_type", Reason.MEDIA_INVALID
        if limit.max_bytes is not None:
            for source in sources:
                if not isinstance(source, Inline):
                    item = samples.media_item(kind, source, limit)
                    large = attrs.evolve(item, size=limit.max_bytes + 1)
                    name = f"{kind.value} by {source.kind} with a byte too many"
                    yield name, large, "source", Reason.MEDIA_TOO_LARGE
        for name in {"inline", "link", "stored"} - can.sources:
            needs_upload = uploads and name == "inline" and "stored" in can.sources
            reason = Reason.MEDIA_NEEDS_UPLOAD if needs_upload else Reason.UNSUPPORTED_CONTENT
            item = samples.media_item(kind, samples.media_source(name, account), limit)
            yield f"{kind.value} by {name}", item, "source", reason
        limit_inline = can.inline_max_bytes
        if "inline" in can.sources and limit_inline is not None and limit_inline < MAX_BUILT_BYTES:
            item = samples.media_item(kind, Inline(bytes(limit_inline + 1)), limit)
            name = f"{kind.value} with {limit_inline + 1} bytes inline"
            yield name, item, "source", Reason.MEDIA_TOO_LARGE
