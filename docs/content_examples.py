"""The kinds of content on the page of messages: the code of each, and what providers make of it."""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from typing import TYPE_CHECKING, Any

import orjson
from contents import CONTENTS, NOW, PHONE, message, template_parts
from examples import ROOT
from tables import table

from omnimsg import Message
from omnimsg.adapter import Context
from omnimsg.adapter.capabilities import OPTIONAL_FIELDS
from omnimsg.config import load_config
from omnimsg.sandbox import config

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omnimsg.adapter import Adapter, Request
    from omnimsg.domain.channel import Channel

_TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
# The members of a request that say to whom and how, not what.
_ENVELOPE = frozenset(
    {"channel", "clientMessageId", "receiver", "reference", "sender", "to"},
)


def accounts() -> dict[str, Adapter[Any]]:
    """Build one account of each provider, as the sandbox's configuration has them.

    The template of the examples gets the names of its placeholders, which Bird asks for.
    """
    written = config(0)
    written["accounts"]["bird"]["templates"] = {"table_ready": {"keys": ["name", "time"]}}
    return load_config(written).adapters


def carried(adapter: Adapter[Any], name: str) -> dict[Channel, dict[str, Any]]:
    """Return on which channels a provider carries some content, each with what it is sent."""
    ways = {}
    for channel in adapter.capabilities.channels:
        sample = message(name, channel)
        if adapter.check(sample) is None:
            ways[channel] = _content_of(_body(_request(adapter, sample)))
    return ways


def carriers_table() -> str:
    """Write which provider carries which content, and on which channels."""
    adapters = accounts()
    rows = (
        (
            f"[{name}](#{_anchor(name)})",
            *(", ".join(carried(adapter, name)) or "no" for adapter in adapters.values()),
        )
        for name in CONTENTS
    )
    return table(("content", *adapters), rows)


def content_example(name: str) -> str:
    """Write one kind of content: its code, and what each provider that carries it is sent."""
    code = f"```python\n{_source(name)}\n```"
    sent: dict[str, list[str]] = {}
    refusing = []
    for provider, adapter in accounts().items():
        ways = carried(adapter, name)
        if not ways:
            refusing.append(provider)
        for channel, document in ways.items():
            written = orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
            sent.setdefault(written, []).append(f"{provider}, {channel.value}")
    blocks = [f"{_who([who])}:\n\n```json\n{written}\n```" for written, who in sent.items()]
    shown = "\n\n".join(
        [
            '<details markdown="1">',
            f"<summary>What is sent: {_who(sent.values())}</summary>",
            *blocks,
            "</details>",
        ]
    )
    refused = f"Not carried by {' and '.join(refusing)}." if refusing else ""
    return "\n\n".join(filter(None, (code, shown, refused)))


def fields_table() -> str:
    """Write which provider can express which optional field of a message, on which channels."""
    adapters = accounts()
    rows = (
        (
            f"`{field}`",
            *(
                ", ".join(
                    channel.value
                    for channel, can in adapter.capabilities.channels.items()
                    if field in can.fields
                )
                or "no"
                for adapter in adapters.values()
            ),
        )
        for field in OPTIONAL_FIELDS
    )
    return table(("field", *adapters), rows)


def template_parts_table() -> str:
    """Write which parts of a template each provider takes on WhatsApp."""
    adapters = accounts()
    taken = {
        name: {
            part: any(
                adapter.check(Message(PHONE, each, channel="whatsapp")) is None for each in ways
            )
            for part, ways in template_parts(name).items()
        }
        for name, adapter in adapters.items()
    }
    return table(
        ("part", *adapters),
        (
            (part, *("yes" if taken[name][part] else "no" for name in adapters))
            for part in template_parts("any")
        ),
    )


def template_request(provider: str) -> str:
    """Write the whole request that a template becomes, with the mapping that the page shows."""
    page = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
    mappings: dict[str, Any] = {}
    for block in _TOML.findall(page):
        mappings |= tomllib.loads(block).get("accounts", {})
    written = config(0)
    written["accounts"][provider]["templates"] = mappings[provider]["templates"]
    adapter = load_config(written).adapters[provider]
    template = CONTENTS["template"]
    sample = Message(PHONE, template, channel="whatsapp", reference="table-71")
    request = _request(adapter, sample)
    body = orjson.dumps(_body(request), option=orjson.OPT_INDENT_2).decode()
    return f"```text\n{request.method} {request.url}\n```\n\n```json\n{body}\n```"


def _request(adapter: Adapter[Any], sent: Message) -> Request:
    return next(adapter.send([sent], Context(account=adapter.account.name, now=NOW)))


def _body(request: Request) -> dict[str, Any]:
    assert isinstance(request.body, bytes)  # noqa: S101 - a send has no other body
    document: dict[str, Any] = orjson.loads(request.body)
    return document


def _content_of(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a request what does not say what the message says."""
    own = document["messages"][0] if isinstance(document.get("messages"), list) else document
    return {name: value for name, value in own.items() if name not in _ENVELOPE}


def _source(name: str) -> str:
    """Return the lines of the example that make the content."""
    text = (ROOT / "docs" / "contents.py").read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == name:
                    segment = ast.get_source_segment(text, value, padded=True) or ""
                    first, _, rest = segment.lstrip().partition("\n")
                    return f"{first}\n{textwrap.dedent(rest)}".rstrip()
    raise LookupError(name)


def _who(sent: Iterable[list[str]]) -> str:
    """Name the providers of an example, each with its channels."""
    channels: dict[str, list[str]] = {}
    for each in (way for ways in sent for way in ways):
        provider, _, channel = each.partition(", ")
        channels.setdefault(provider, []).append(channel)
    return "; ".join(f"{provider} ({', '.join(on)})" for provider, on in channels.items())


def _anchor(name: str) -> str:
    return name.replace(": ", "-").replace(" ", "-")
