"""Messages to Messente's JSON.

Every member is written by hand from the Omnichannel API reference and its OpenAPI document:
`ttl` in seconds (never `validity`), `amount_1000` as text, `filename` in a template's parameter
but `file_name` in a document, WhatsApp's text as an object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from omnimsg.adapter import merged
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import (
    ButtonKind,
    CurrencyParameter,
    DateTimeParameter,
    Media,
    MediaParameter,
    Template,
    Text,
    TextParameter,
)
from omnimsg.domain.media import Link, MediaKind
from omnimsg.domain.message import Priority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omnimsg.adapter import Adapter, Context, TemplateMapping
    from omnimsg.domain.content import Content, MediaItem, Parameter, TemplateButton
    from omnimsg.domain.media import Source
    from omnimsg.domain.message import Message

Wire: TypeAlias = dict[str, Any]
Mappings: TypeAlias = "Callable[[str], TemplateMapping]"

# The query parameter that carries the engine's token through a report: nothing else that we say
# comes back in one.
TOKEN = "omnimsg_token"  # noqa: S105 - a parameter's name, no credential

_PRIORITIES = {Priority.LOW: "low", Priority.HIGH: "high"}


def omnimessage(message: Message, adapter: Adapter[Any], context: Context) -> Wire:
    """Write one message: its own way first, then its reserves in order."""
    sender = adapter.account.sender
    ways = [
        _way(
            adapter.channel_of(message),
            message.content,
            message.sender or sender,
            context.ttl(message),
            adapter.template_of,
        )
    ]
    for leg in message.fallback:
        content = leg.content or message.content
        ways.append(_way(leg.channel, content, leg.sender or sender, leg.ttl, adapter.template_of))
    document: Wire = {"to": message.to, "messages": ways}
    if message.callback_url is not None:
        document["dlr_url"] = report_to(message.callback_url, context.callback_token)
    if message.send_at is not None:
        document["time_to_send"] = message.send_at.isoformat()
    if message.priority in _PRIORITIES:
        document["priority"] = _PRIORITIES[message.priority]
    if adapter.account.extras or message.extras:
        for extras in (adapter.account.extras, adapter.extras_of(message)):
            _merge(document, ways, extras, adapter.capabilities.channels)
    return document


def report_to(url: str, token: str | None) -> str:
    """Put the token into the query of a callback address, where there is a token."""
    if token is None:
        return url
    address, mark, fragment = url.partition("#")
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{TOKEN}={quote(token, safe='')}{mark}{fragment}"


def _way(
    channel: Channel | None,
    content: Content,
    sender: str | None,
    ttl: int | None,
    mappings: Mappings,
) -> Wire:
    way: Wire = {"channel": channel, **_SAY[channel, content.__class__](content, mappings)}
    if sender is not None:
        way["sender"] = sender
    if ttl is not None:
        way["ttl"] = ttl
    return way


def _merge(
    document: Wire, ways: list[Wire], extras: Mapping[str, Any], channels: Mapping[Channel, Any]
) -> None:
    """Merge extras: what stands under a channel's name into its way, the rest into the whole."""
    own = {key: value for key, value in extras.items() if key not in channels}
    merged(document, own)
    for way in ways:
        merged(way, extras.get(way["channel"], {}))


def _plain(content: Text, _: Mappings) -> Wire:
    return {"text": content.text}


def _sms(content: Text, _: Mappings) -> Wire:
    said: Wire = {"text": content.text}
    if content.udh is not None:
        said["udh"] = content.udh
    if content.autoconvert is not None:
        said["autoconvert"] = content.autoconvert
    return said


def _viber_media(content: Media, _: Mappings) -> Wire:
    (item,) = content.items
    if item.kind is MediaKind.IMAGE:
        return {"image_url": _url(item.source)}
    video = {
        "url": _url(item.source),
        "thumbnail": item.thumbnail_url,
        "file_size": item.size,
        "duration": item.duration,
    }
    return (
        {"video": video} if content.caption is None else {"text": content.caption, "video": video}
    )


def _whatsapp_text(content: Text, _: Mappings) -> Wire:
    return {"text": _given(body=content.text, preview_url=content.preview_url)}


def _whatsapp_media(content: Media, _: Mappings) -> Wire:
    (item,) = content.items
    members = _given(
        link=_url(item.source),
        caption=content.caption,
        mime_type=item.content_type,
        file_name=item.file_name,
        animated=item.animated if item.kind is MediaKind.STICKER else None,
    )
    return {item.kind.value: members}


def _rcs_media(content: Media, _: Mappings) -> Wire:
    (item,) = content.items
    return {
        "content_info": _given(
            file_url=_url(item.source),
            force_refresh=bool(item.refresh),
            thumbnail_url=item.thumbnail_url,
        )
    }


def _template(content: Template, mappings: Mappings) -> Wire:
    mapping = mappings(content.name)
    components: list[Wire] = []
    if isinstance(content.header, (TextParameter, MediaParameter)):
        components.append({"type": "header", "parameters": [_parameter(content.header)]})
    if content.body:
        components.append({"type": "body", "parameters": list(map(_parameter, content.body))})
    components.extend(map(_button, content.buttons))
    return {
        "template": {
            "name": mapping.name or content.name,
            "language": {"code": mapping.language or content.language},
            # Optional in the reference, required in the OpenAPI document.
            "components": components,
        }
    }


def _parameter(parameter: Parameter) -> Wire:
    if isinstance(parameter, TextParameter):
        return {"type": "text", "text": parameter.text}
    if isinstance(parameter, CurrencyParameter):
        currency = {
            "fallback_value": parameter.fallback,
            "code": parameter.code,
            "amount_1000": str(parameter.amount_1000),
        }
        return {"type": "currency", "currency": currency}
    if isinstance(parameter, DateTimeParameter):
        return {"type": "date_time", "date_time": {"fallback_value": parameter.fallback}}
    return _media_parameter(parameter.item)


def _media_parameter(item: MediaItem) -> Wire:
    kind = item.kind.value
    return {"type": kind, kind: _given(link=_url(item.source), filename=item.file_name)}


# A button's sub-type and the kind of its one parameter, as in the WhatsApp Cloud API, which
# Messente passes them on to; a one-time password travels as the tail of a link there.
_BUTTONS = {
    ButtonKind.URL: ("url", "text"),
    ButtonKind.REPLY: ("quick_reply", "payload"),
    ButtonKind.COUPON: ("copy_code", "coupon_code"),
    ButtonKind.OTP: ("url", "text"),
}


def _button(button: TemplateButton) -> Wire:
    sub_type, kind = _BUTTONS[button.kind]
    return {
        "type": "button",
        "sub_type": sub_type,
        "index": button.position - 1,
        "parameters": [{"type": kind, kind: button.value}],
    }


def _url(source: Source) -> str | None:
    return source.url if isinstance(source, Link) else None


def _given(**members: Any) -> Wire:  # noqa: ANN401 - JSON values
    """Leave out what was not given."""
    return {name: value for name, value in members.items() if value is not None}


_SAY: dict[tuple[Channel | None, type], Callable[[Any, Mappings], Wire]] = {
    (Channel.SMS, Text): _sms,
    (Channel.VIBER, Text): _plain,
    (Channel.VIBER, Media): _viber_media,
    (Channel.WHATSAPP, Text): _whatsapp_text,
    (Channel.WHATSAPP, Media): _whatsapp_media,
    (Channel.WHATSAPP, Template): _template,
    (Channel.RCS, Text): _plain,
    (Channel.RCS, Media): _rcs_media,
}
