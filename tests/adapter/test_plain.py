"""The one look that most messages get: it never lets through what the rules would refuse."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.strategies import messages, phone_numbers, texts

from omnimsg.adapter import Account, Adapter, Context, TemplateMapping
from omnimsg.domain.channel import Channel
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg_bird import BirdAdapter, BirdSettings
from omnimsg_clickatell import ClickatellAdapter, ClickatellSettings
from omnimsg_messente import MessenteAdapter, MessenteSettings

if TYPE_CHECKING:
    from omnimsg.domain.failure import Failure

SETTINGS: dict[type[Adapter[Any]], Any] = {
    BirdAdapter: BirdSettings(
        access_key=Secret("k"), workspace_id="w", channels={"sms": "c", "email": "m"}
    ),
    ClickatellAdapter: ClickatellSettings(api_key=Secret("k")),
    MessenteAdapter: MessenteSettings(username="u", password=Secret("p")),
}
ADAPTERS = st.builds(
    lambda kind, account: kind(
        Account(name="a", settings=SETTINGS[kind], base_url=kind.base_url, **account)
    ),
    st.sampled_from(list(SETTINGS)),
    st.fixed_dictionaries(
        {},
        optional={
            "channel": st.sampled_from(Channel),
            "sender": st.sampled_from(["Acme", "+37255500001", "a name of twelve and more"]),
            "extras": st.just({"sms": {"validity": 5}, "omnimsg_a": 1}),
        },
    ),
)
WORDS = st.builds(
    Message,
    phone_numbers(),
    texts() | st.sampled_from([1, 1000, 1001, 3072, 3073, 4096, 4097]).map(lambda n: "ø" * n),
    channel=st.none() | st.sampled_from(Channel),
)


def at_length(adapter: Adapter[Any], message: Message) -> Failure | None:
    """Check a message by all rules, however plain it is."""
    with patch.object(adapter, "room", {}):
        return adapter.check(message)


@given(ADAPTERS, WORDS | messages())
def test_the_short_way_is_the_long_way(adapter: Adapter[Any], message: Message) -> None:
    """With the look or without it, a message is refused for the same, or for nothing."""
    assert at_length(adapter, message) == adapter.check(message)


@given(ADAPTERS, st.lists(WORDS, min_size=1, max_size=3))
def test_the_short_way_writes_what_the_long_way_does(
    adapter: Adapter[Any], drawn: list[Message]
) -> None:
    """A plain message is written as if nobody knew that it is plain."""
    context = Context(account="a", now=datetime(2030, 1, 1, tzinfo=UTC))
    messages = [
        # Built anew from its words, as most are: a copy would have been asked for its `Text`.
        Message(each.to, each.words, channel=drawn[0].channel, reference=each.reference)
        for each in drawn
        if each.words is not None and not adapter.check(each)
    ]
    if not messages or any(map(adapter.check, messages)):
        return
    short = next(adapter.send(messages, context))

    for each in messages:
        object.__setattr__(each, "plain", False)

    assert next(adapter.send(messages, context)) == short


@pytest.mark.parametrize("kind", SETTINGS)
def test_most_messages_go_the_short_way(kind: type[Adapter[Any]]) -> None:
    """Words to a number on the usual channel need no more than the look."""
    adapter = kind(Account(name="a", settings=SETTINGS[kind], base_url=kind.base_url))
    with patch("omnimsg.adapter.interface.check_message", side_effect=AssertionError):
        assert None is adapter.check(Message("+37255500001", "Hello, wörld"))


@given(ADAPTERS, WORDS)
def test_what_needs_no_check_would_pass_it(adapter: Adapter[Any], message: Message) -> None:
    """The engine need not ask an adapter of words that `room` has room for."""
    if adapter.is_plain(message):
        assert None is at_length(adapter, message)


def test_rules_of_its_own_see_every_message() -> None:
    """An adapter that overrides `check` and says no more is asked of every message."""

    class Strict(ClickatellAdapter):
        unchecked = Adapter.unchecked

    account = Account(name="a", settings=SETTINGS[ClickatellAdapter], base_url="http://localhost")

    assert {} == Strict(account).room
    assert not Strict(account).is_plain(Message("+37255500001", "Hello"))


@pytest.mark.parametrize("name", ["check", "channel_of"])
def test_a_method_replaced_in_one_object_is_asked_too(name: str) -> None:
    """As by a test, or by whoever wraps it."""
    adapter: Any = ClickatellAdapter(
        Account(name="a", settings=SETTINGS[ClickatellAdapter], base_url="http://localhost")
    )

    setattr(adapter, name, getattr(adapter, name))

    assert {} == adapter.room


@pytest.mark.parametrize("kind", SETTINGS)
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"extras": {"x": 2**70}}, "extras"),
        ({"sender": "\ud83d"}, "sender"),
        ({"templates": {"t": TemplateMapping(keys=("\ud83d",))}}, "templates"),
    ],
)
def test_an_account_that_no_json_can_hold(
    kind: type[Adapter[Any]], fields: dict[str, Any], path: str
) -> None:
    """What would stop every request is an error of the configuration."""
    account = Account(name="baltic", settings=SETTINGS[kind], base_url=kind.base_url, **fields)

    with pytest.raises(ConfigError, match=rf"accounts\.baltic\.{path}"):
        kind(account)
