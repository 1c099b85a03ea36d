"""The fast path for plain text gives the same results as the check and encoding that it skips."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.adapters import TinyAdapter, tiny
from support.strategies import messages, phone_numbers, texts

from omnimsg.adapter import (
    Account,
    Adapter,
    ChannelCapabilities,
    Context,
    TemplateMapping,
)
from omnimsg.domain.channel import Channel
from omnimsg.domain.errors import ConfigError, InvalidValue
from omnimsg.domain.message import Message
from omnimsg.domain.secret import Secret
from omnimsg.engine.sending.plain_text import PlainTexts
from omnimsg_bird import BirdAdapter, BirdSettings
from omnimsg_clickatell import ClickatellAdapter, ClickatellSettings
from omnimsg_messente import MessenteAdapter, MessenteSettings

SETTINGS: dict[type[Adapter[Any]], Any] = {
    BirdAdapter: BirdSettings(
        access_key=Secret("k"), workspace_id="w", channels={"sms": "c", "email": "m"}
    ),
    ClickatellAdapter: ClickatellSettings(api_key=Secret("k")),
    MessenteAdapter: MessenteSettings(username="u", password=Secret("p")),
}


def usable(kind: type[Adapter[Any]], account: Account[Any]) -> Adapter[Any] | None:
    """Build an adapter; `None` where the provider refuses the drawn account, such as its sender."""
    try:
        return kind(account)
    except ConfigError:
        return None


ADAPTERS = st.builds(
    lambda kind, account: usable(
        kind, Account(name="a", settings=SETTINGS[kind], base_url=kind.base_url, **account)
    ),
    st.sampled_from(list(SETTINGS)),
    st.fixed_dictionaries(
        {},
        optional={
            "channel": st.sampled_from(Channel),
            "sender": st.sampled_from(["Acme", "+37255500001", "a name of twelve and more"]),
            "senders": st.dictionaries(
                st.sampled_from(Channel), st.sampled_from(["Acme", "+37255500001"]), max_size=1
            ),
            "extras": st.just({"sms": {"validity": 5}, "omnimsg_a": 1}),
        },
    ),
).filter(lambda adapter: adapter is not None)
PLAIN_TEXTS = st.builds(
    Message,
    phone_numbers(),
    texts() | st.sampled_from([1, 1000, 1001, 3072, 3073, 4096, 4097]).map(lambda n: "ø" * n),
    channel=st.none() | st.sampled_from(Channel),
)


def needs_no_check(adapter: Adapter[Any], message: Message) -> bool:
    """Return whether an account's engine would skip the adapter's check."""
    return PlainTexts(adapter).include(message)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(ADAPTERS, PLAIN_TEXTS | messages())
def test_a_message_that_needs_no_check_would_pass_it(
    adapter: Adapter[Any], message: Message
) -> None:
    """The engine skips an adapter's check only for messages that pass it."""
    if needs_no_check(adapter, message):
        assert None is adapter.check(message)


@given(ADAPTERS, PLAIN_TEXTS)
def test_a_plain_text_that_needs_a_check_is_at_a_limit(
    adapter: Adapter[Any], message: Message
) -> None:
    """A plain text that passes the adapter's check needs none: the limits are not too low."""
    if message.is_plain_text and adapter.check(message) is None:
        assert needs_no_check(adapter, message)


@given(ADAPTERS, st.lists(PLAIN_TEXTS, min_size=1, max_size=3))
def test_the_short_encoding_is_the_long_one(adapter: Adapter[Any], drawn: list[Message]) -> None:
    """A plain text gives the same request on the fast path as on the general path."""
    context = Context(account="a", now=datetime(2030, 1, 1, tzinfo=UTC))
    messages = [attrs.evolve(each, channel=drawn[0].channel) for each in drawn]
    if any(map(adapter.check, messages)):
        return
    short = next(adapter.send(messages, context))

    for each in messages:
        object.__setattr__(each, "is_plain_text", False)

    assert next(adapter.send(messages, context)) == short


@pytest.mark.parametrize("kind", SETTINGS)
def test_most_messages_need_no_check(kind: type[Adapter[Any]]) -> None:
    """A plain text on the usual channel is within the limits of every provider."""
    adapter = kind(Account(name="a", settings=SETTINGS[kind], base_url=kind.base_url))

    assert needs_no_check(adapter, Message("+37255500001", "Hello, wörld"))


def test_an_adapter_without_rules_has_the_limits_of_its_capabilities() -> None:
    """Only channels that carry text to numbers are listed; `None` is the default channel."""
    text = ChannelCapabilities(content=frozenset({"text"}), text_limit=5)
    adapter = tiny(
        channels={
            Channel.SMS: text,
            Channel.RCS: attrs.evolve(text, text_limit=None),
            Channel.EMAIL: attrs.evolve(text, recipients=frozenset({"email"})),
            Channel.PUSH: attrs.evolve(text, content=frozenset({"template"})),
        },
        default_channel=Channel.SMS,
    )

    assert {Channel.SMS: 5, Channel.RCS: sys.maxsize, None: 5} == adapter.plain_text_limits()


@pytest.mark.parametrize("name", ["check", "channel_of"])
def test_an_adapter_with_rules_of_its_own_sees_every_message(name: str) -> None:
    """No check is skipped for an adapter that overrides `check` or `channel_of` without limits."""
    rule = staticmethod(lambda _: None)
    adapter = tiny(kind=type("Strict", (TinyAdapter,), {name: rule}))

    assert not needs_no_check(adapter, Message("+37255500001", "Hello"))
    assert needs_no_check(tiny(), Message("+37255500001", "Hello"))


@pytest.mark.parametrize("name", ["check", "channel_of"])
def test_a_method_replaced_in_one_object_sees_every_message(name: str) -> None:
    """Replacing `check` or `channel_of` on an object disables the class's limits for it."""
    adapter: Any = ClickatellAdapter(
        Account(name="a", settings=SETTINGS[ClickatellAdapter], base_url="http://localhost")
    )
    setattr(adapter, name, getattr(adapter, name))

    assert not needs_no_check(adapter, Message("+37255500001", "Hello"))


@pytest.mark.parametrize("kind", SETTINGS)
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"extras": {"x": 2**70}}, "extras"),
        ({"sender": "\ud83d"}, "sender"),
        ({"templates": {"\ud83d": TemplateMapping()}}, "templates"),
    ],
)
def test_an_account_that_no_json_can_hold(
    kind: type[Adapter[Any]], fields: dict[str, Any], path: str
) -> None:
    """Account values without a JSON form are a `ConfigError` that names their key."""
    account = Account(name="baltic", settings=SETTINGS[kind], base_url=kind.base_url, **fields)

    with pytest.raises(ConfigError, match=rf"accounts\.baltic\.{path}"):
        kind(account)


@pytest.mark.parametrize("field", ["name", "id", "version", "language"])
def test_a_mapping_that_no_json_can_hold(field: str) -> None:
    """A value of a template's mapping without a form in UTF-8 is refused by the mapping itself."""
    broken: dict[str, Any] = {field: "\ud83d"}
    with pytest.raises(InvalidValue, match=rf"TemplateMapping\.{field}: "):
        TemplateMapping(**broken)
    with pytest.raises(InvalidValue, match=r"TemplateMapping\.keys\[1\]: "):
        TemplateMapping(keys=("name", "\ud83d"))
