"""Build messages from the flags of `omnimsg send`.

Exactly one flag decides the content: `--text`, `--media`, `--template`, `--subject` (an e-mail), or
`--message` for a whole message in JSON.
"""

from __future__ import annotations

import json
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter

from omnimsg.cli.errors import CommandError
from omnimsg.cli.flags import flag_list, flag_of, whole_number
from omnimsg.cli.message_files import problems_text, region_advice, unusable_file
from omnimsg.cli.output import closed_output_ignored, masked_address, print_hint
from omnimsg.cli.time_parsing import parse_time
from omnimsg.domain.address import is_e164, is_mailbox
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Email, Media, Template, Text
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.media import MediaKind, kind_of_url
from omnimsg.domain.message import Message
from omnimsg.domain.phone_number import parse_number
from omnimsg.domain.redaction import mask_text
from omnimsg.domain.serialization import message_from_json
from omnimsg.json_codec.repeated_keys import RepeatedKeyError, unique_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.content import Content


@attrs.frozen(kw_only=True)
class MessageFlags:
    """The flags that describe the messages.

    Attributes:
        to: The recipient: a number such as +37255500001, or an e-mail address. May be repeated.
        text: The text; with --subject the plain body of the e-mail.
        channel: The channel; that of the account unless given.
        media: The URL of an image, video, audio file or document.
        media_kind: The kind of the media, if the ending of the URL does not tell it.
        caption: The caption of the media.
        template: The name of an approved template.
        param: The value of the template's next placeholder. May be repeated.
        language: The template's language, such as en.
        subject: The subject of an e-mail.
        html: The formatted body of an e-mail.
        message: A file with one message in JSON, or - for standard input.
        sender: The number, name or mailbox to send from.
        reference: Your own key for the message.
        at: The time to send it, such as 2030-05-01T09:00:00+02:00.
        ttl: Seconds for which the message is useful; after that it need not be delivered.
        region: Read numbers without a country code as those of this country, such as ZA.
    """

    to: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    text: str | None = None
    channel: Channel | None = None
    media: str | None = None
    media_kind: MediaKind | None = None
    caption: str | None = None
    template: str | None = None
    param: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    language: str | None = None
    subject: str | None = None
    html: str | None = None
    message: str | None = None
    sender: str | None = None
    reference: str | None = None
    at: str | None = None
    ttl: Annotated[int | None, whole_number()] = None
    region: str | None = None

    def given(self) -> set[str]:
        """Return the names of the flags that were given."""
        return {name for name, value in attrs.asdict(self, recurse=False).items() if value}


def messages_from_flags(flags: MessageFlags, command: str = "send") -> list[Message]:
    """Build one message per recipient.

    Args:
        flags: The flags.
        command: The command that has them, for the advice about an error.

    Raises:
        CommandError: Flags exclude each other, a value is not valid, or a file is not a message.
    """
    given = flags.given()
    if flags.message is not None:
        others = given - {"message"}
        if others:
            raise CommandError(
                f"{flag_list(others)} cannot be used with --message",
                "the file says everything about the message; --account and --config still apply",
            )
        if not flags.message:
            raise CommandError("--message: names no file", "name one, or - for standard input")
        return [_from_file(flags.message)]
    if not flags.to:
        raise CommandError(
            "--to is missing", "give a number in E.164 form, such as --to +37255500001"
        )
    if len(flags.to) > 1 and flags.reference is not None:
        raise CommandError(
            "--reference is for one recipient",
            "leave it out: each message gets a reference of its own",
        )
    try:
        content = _content(flags, given)
        return [_message_to(to, content, flags) for to in flags.to]
    except InvalidValue as error:
        raise CommandError(
            "; ".join(f"{flag_of(each.path)}: {each.why}" for each in error.problems),
            region_advice(error.problems, flags.region)
            or f"`omnimsg {command} --help` describes the flags",
        ) from error


def _message_to(to: str, content: Content, flags: MessageFlags) -> Message:
    """Build the message to a recipient; of several, the error says which one it is about."""
    try:
        return _message(_recipient(to, flags.region), content, flags)
    except InvalidValue as error:
        if len(flags.to) == 1 or all(flag_of(each.path) != "--to" for each in error.problems):
            raise
        raise CommandError(
            f"--to {flags.to.index(to) + 1} of {len(flags.to)}: {error.problems[0].why}",
            "it is not shown, because it may be a number; nothing was sent",
        ) from error


def _message(to: str, content: Content, flags: MessageFlags) -> Message:
    reference: dict[str, Any] = {} if flags.reference is None else {"reference": flags.reference}
    return Message(
        to,
        content,
        channel=flags.channel,
        sender=flags.sender,
        send_at=parse_time("--at", flags.at),
        ttl=flags.ttl,
        **reference,
    )


def _recipient(to: str, region: str | None) -> str:
    """Return a recipient in E.164 form; with a region, print a hint if the number was converted."""
    if region is None or is_mailbox(to) or is_e164(to):
        return to
    number = parse_number(to, region)
    # An output that nobody reads must not keep the message from being sent.
    with closed_output_ignored():
        print_hint(f"--to was read as {masked_address(number)}, with --region {region}")
    return number


def _content(flags: MessageFlags, given: set[str]) -> Content:
    chosen = [kind for kind in _CONTENT_FLAGS if kind in given]
    if "text" in chosen and "subject" in chosen:
        # Beside --subject, the text is the plain body of the e-mail.
        chosen.remove("text")
    if len(chosen) != 1:
        what = f"{flag_list(set(chosen))} exclude each other" if chosen else "there is no content"
        raise CommandError(
            what, f"give one of {flag_list(set(_CONTENT_FLAGS))}, or --message with a file"
        )
    kind = chosen[0]
    build, own = _CONTENT_FLAGS[kind]
    for other, (_, others_own) in _CONTENT_FLAGS.items():
        stray = (given & others_own) - own - {kind}
        if other != kind and stray:
            raise CommandError(
                f"{flag_list(stray)} belongs to --{other}", f"leave it out with --{kind}"
            )
    return build(flags)


def _media(flags: MessageFlags) -> Content:
    url = flags.media or ""
    kind = flags.media_kind or kind_of_url(url)
    if kind is None:
        raise CommandError(
            "--media: the URL's ending does not tell the kind", "name the kind with --media-kind"
        )
    return Media.link(kind, url, caption=flags.caption)


# Each content flag, the function that builds its content, and the flags that belong to it.
_CONTENT_FLAGS: dict[str, tuple[Callable[[MessageFlags], Content], set[str]]] = {
    "text": (lambda flags: Text(flags.text or ""), set()),
    "media": (_media, {"media_kind", "caption"}),
    "template": (
        lambda flags: Template(flags.template or "", flags.language, body=flags.param),
        {"param", "language"},
    ),
    "subject": (
        lambda flags: Email(subject=flags.subject or "", html=flags.html, text=flags.text),
        {"html", "text"},
    ),
}


def _from_file(name: str) -> Message:
    source = "standard input" if name == "-" else name
    try:
        raw = _standard_input() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise unusable_file(Path(source), error) from None
    try:
        # Given bytes, `loads` detects the encoding by itself; the locale has no influence.
        data = json.loads(raw, object_pairs_hook=unique_object)
    except RepeatedKeyError as repeated:
        key = mask_text(repeated.key)
        raise CommandError(f"--message: has the key {key!r} twice", "remove one of them") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CommandError(
            f"{source}: line {line} is not {error.encoding.upper()}", "save it as UTF-8"
        ) from None
    except (ValueError, RecursionError) as error:
        position = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "its text"
        raise CommandError(f"{source}: is not JSON, see {position}", _EXAMPLE) from None
    try:
        return message_from_json(data)
    except InvalidValue as error:
        raise CommandError(f"{source}: {problems_text(error.problems)}", _EXAMPLE) from error


def _standard_input() -> bytes | str:
    """Read standard input; empty if it is closed, in which case `sys.stdin` is `None`."""
    raw: bytes | str = getattr(sys.stdin, "buffer", sys.stdin or BytesIO()).read()
    return raw


_EXAMPLE = (
    """a message looks like {"to": "+37255500001", "content": {"type": "text", "text": "Hello"}}"""
)
