"""From the flags of `omnimsg send` to messages.

Exactly one content: `--text`, `--media`, `--template`, `--subject` (an e-mail), or `--message` for
everything that has no flag.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
from cyclopts import Parameter

from omnimsg.cli.errors import Stop
from omnimsg.cli.time_parsing import moment
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Email, Media, Template, Text
from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.media import MediaKind, kind_of_url
from omnimsg.domain.message import Message
from omnimsg.domain.serialization import message_from_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from omnimsg.domain.content import Content


@attrs.frozen(kw_only=True)
class Flags:
    """What the command line says of the messages.

    Attributes:
        to: A number such as +37255500001, or an e-mail address. May be repeated.
        text: What to say; with --subject the plain body of the e-mail.
        channel: How it travels; the account's channel unless given.
        media: The address of a picture, video, sound or file.
        media_kind: What it is, where its ending does not tell.
        caption: Words with the media.
        template: The name of an approved template.
        param: What fills a placeholder of the template, in order. May be repeated.
        language: The template's language, such as en.
        subject: The subject of an e-mail.
        html: The formatted body of an e-mail.
        message: A file with one message in JSON, or - for standard input.
        sender: The number, name or mailbox it comes from.
        reference: Your own key for the message.
        at: When to send it, such as 2030-05-01T09:00:00+02:00.
        ttl: Seconds it is of use; after that it need not arrive.
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
    ttl: int | None = None

    def given(self) -> set[str]:
        """Return the names of the flags that were given."""
        return {name for name, value in attrs.asdict(self, recurse=False).items() if value}


def messages_from_flags(flags: Flags) -> list[Message]:
    """Build one message per recipient.

    Raises:
        Stop: Flags that do not belong together, a value that cannot be, a file that is no message.
    """
    given = flags.given()
    if flags.message is not None:
        if given != {"message"}:
            raise Stop(
                f"{_flags(given - {'message'})} cannot be used with --message",
                "the file says everything about the message; --account and --config still apply",
            )
        return [_from_file(flags.message)]
    if not flags.to:
        raise Stop("--to is missing", "give a number in E.164 form, such as --to +37255500001")
    if len(flags.to) > 1 and flags.reference is not None:
        raise Stop(
            "--reference is for one recipient",
            "leave it out: each message gets a reference of its own",
        )
    try:
        content = _content(flags, given)
        return [_message(to, content, flags) for to in flags.to]
    except InvalidValue as error:
        raise Stop(
            "; ".join(f"{_flag_of(each.path)}: {each.why}" for each in error.problems),
            "`omnimsg send --help` describes the flags",
        ) from error


def _message(to: str, content: Content, flags: Flags) -> Message:
    named: dict[str, Any] = {} if flags.reference is None else {"reference": flags.reference}
    return Message(
        to,
        content,
        channel=flags.channel,
        sender=flags.sender,
        send_at=moment("--at", flags.at),
        ttl=flags.ttl,
        **named,
    )


def _content(flags: Flags, given: set[str]) -> Content:
    chosen = [kind for kind in _KINDS if kind in given]
    if "text" in chosen and "subject" in chosen:
        # The plain body of an e-mail.
        chosen.remove("text")
    if len(chosen) != 1:
        what = f"{_flags(set(chosen))} exclude each other" if chosen else "there is nothing to say"
        raise Stop(what, f"give one of {_flags(set(_KINDS))}, or --message with a file")
    kind = chosen[0]
    build, own = _KINDS[kind]
    for other, (_, belonging) in _KINDS.items():
        stray = (given & belonging) - own - {kind}
        if other != kind and stray:
            raise Stop(f"{_flags(stray)} belongs to --{other}", f"leave it out with --{kind}")
    return build(flags)


def _text(flags: Flags) -> Content:
    return Text(flags.text or "")


def _media(flags: Flags) -> Content:
    url = flags.media or ""
    kind = flags.media_kind or kind_of_url(url)
    if kind is None:
        raise Stop("--media: its ending does not tell what it is", "say it with --media-kind")
    return Media.link(kind, url, caption=flags.caption)


def _template(flags: Flags) -> Content:
    return Template(flags.template or "", flags.language, body=flags.param)


def _email(flags: Flags) -> Content:
    return Email(subject=flags.subject or "", html=flags.html, text=flags.text)


# Each flag that decides what is sent, how to build it, and the flags that only go with it.
_KINDS: dict[str, tuple[Callable[[Flags], Content], set[str]]] = {
    "text": (_text, set()),
    "media": (_media, {"media_kind", "caption"}),
    "template": (_template, {"param", "language"}),
    "subject": (_email, {"html", "text"}),
}

# Where the model's fields come from; a field that is not here keeps its own name.
_FIELDS = {
    "Message.to": "to",
    "Message.send_at": "at",
    "Message.content": "text",
    "Text.text": "text",
    "Link.url": "media",
    "Media.caption": "caption",
    "Template.name": "template",
    "TextParameter.text": "param",
    "Email.text": "text",
}


def _flag_of(path: str) -> str:
    field = path.rpartition(".")[2].partition("[")[0]
    return _flags({_FIELDS.get(path, field)})


def _flags(names: set[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in sorted(names))


def _from_file(name: str) -> Message:
    where = "standard input" if name == "-" else name
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{where}: cannot be read ({type(error).__name__})", _FORM) from None
    try:
        data = json.loads(text)
    except ValueError as error:
        place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "its text"
        raise Stop(f"{where}: is not JSON, see {place}", _FORM) from None
    try:
        return message_from_json(data)
    except InvalidValue as error:
        raise Stop(f"{where}: {error}", _FORM) from error


_FORM = """it looks like {"to": "+37255500001", "content": {"type": "text", "text": "Hello"}}"""
