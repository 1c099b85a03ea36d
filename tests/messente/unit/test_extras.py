"""Extras set what the model has no field for, in a single and in a bulk request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from omnimsg.adapter import Account, Context
from omnimsg.domain.content import MediaItem, MediaParameter, Template
from omnimsg.domain.media import Link, MediaKind
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg_messente import MessenteAdapter, MessenteSettings

CONTEXT = Context(account="baltic", now=datetime(2030, 1, 2, tzinfo=UTC))
MENU = MediaItem(MediaKind.DOCUMENT, Link("https://files.example.test/a.pdf"), file_name="a.pdf")


def adapter(**account: Any) -> MessenteAdapter:
    """Return an account's adapter."""
    settings = MessenteSettings(username="u", password=Secret("p"))
    given = {"name": "baltic", "settings": settings, "base_url": MessenteAdapter.base_url}
    return MessenteAdapter(Account(**{**given, **account}))


def legs(found: MessenteAdapter, messages: list[Message], context: Context) -> list[Any]:
    """Return the first leg of each message of a request."""
    assert [None] * len(messages) == [found.check(each) for each in messages]
    request = next(found.send(messages, context))
    assert isinstance(request.body, bytes)
    document = orjson.loads(request.body)
    bulk = [document] if len(messages) == 1 else document["messages"]
    return [each["messages"][0] for each in bulk]


@pytest.mark.parametrize("count", [1, 3])
def test_validity(count: int) -> None:
    """`validity` from a message's or an account's extras is written into the leg."""
    own = {"messente": {"sms": {"validity": 10}}}
    messages = [Message(f"+3725550000{n}", "Hi", extras=own) for n in range(count)]
    plain = [Message(f"+3725550000{n}", "Hi") for n in range(count)]

    of_message = legs(adapter(), messages, CONTEXT)
    of_account = legs(adapter(extras={"sms": {"validity": 5}}), plain, CONTEXT)

    assert [10] * count == [each["validity"] for each in of_message]
    assert [5] * count == [each["validity"] for each in of_account]


@pytest.mark.parametrize(
    "fields",
    [{"ttl": 60}, {"extras": {"messente": {"sms": {"ttl": 60}}}}],
    ids=["of the message", "of its extras"],
)
def test_a_ttl_beside_the_accounts_validity(fields: dict[str, Any]) -> None:
    """A ttl is refused beside a `validity` of the account, because only one of them can be used."""
    found = adapter(extras={"sms": {"validity": 5}})

    failure = found.check(Message("+37255500001", "Hi", **fields))

    assert failure is not None
    assert "extras.messente.sms.validity" == failure.path


@pytest.mark.parametrize("count", [1, 2])
def test_the_policy_of_a_language(count: int) -> None:
    """The `policy` of the extras is merged into the template's language."""
    extras = {
        "messente": {"whatsapp": {"template": {"language": {"policy": "deterministic"}}}},
    }
    message = Message("+37255500001", Template("t", "en"), channel="whatsapp", extras=extras)

    written = legs(adapter(), [message] * count, CONTEXT)

    assert [{"code": "en", "policy": "deterministic"}] * count == [
        each["template"]["language"] for each in written
    ]


def test_caption_and_name_of_a_templates_file() -> None:
    """A file in a template is written with `caption` and `filename`, as documented there."""
    content = Template("t", "en", header=MediaParameter(MENU, caption="Tonight"))

    (written,) = legs(adapter(), [Message("+37255500001", content, channel="whatsapp")], CONTEXT)

    (header,) = written["template"]["components"]
    assert [
        {
            "type": "document",
            "document": {
                "link": "https://files.example.test/a.pdf",
                "caption": "Tonight",
                "filename": "a.pdf",
            },
        }
    ] == header["parameters"]
