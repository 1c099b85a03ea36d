"""Plain texts like one that was checked are not checked again; the verdict is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.strategies import messages, phone_numbers, texts

from omnimsg.adapter import Account, Adapter, refused
from omnimsg.domain.channel import Channel
from omnimsg.domain.content import Text
from omnimsg.domain.message import Leg, Message, Priority
from omnimsg.domain.reason import Reason
from omnimsg.domain.secret import Secret
from omnimsg.engine.sending import checked_texts
from omnimsg.engine.sending.checked_texts import CheckedTexts
from omnimsg.engine.sending.message_checks import MessageChecks
from omnimsg.engine.sending.plain_text import PlainTexts
from omnimsg_clickatell import ClickatellAdapter, ClickatellSettings

if TYPE_CHECKING:
    from omnimsg.domain.failure import Failure

TO = "+37255500001"

TEXTS = st.builds(
    Message,
    phone_numbers(),
    texts() | st.sampled_from([1, 3072, 3073, 4096, 4097]).map(lambda n: "ø" * n),
    channel=st.none() | st.sampled_from(Channel),
    sender=st.none() | st.sampled_from(["Acme", "+37255500001", "12345"]),
    ttl=st.none() | st.sampled_from([1, 60, 3600, 60 * 2**31, 60 * 2**31 - 60]),
    tags=st.sampled_from([(), ("code",)]),
)


def adapter(**own: Any) -> Adapter[Any]:
    """Build an adapter of an account."""
    account = Account(
        name="a",
        settings=ClickatellSettings(api_key=Secret("k")),
        base_url=ClickatellAdapter.base_url,
        **own,
    )
    return ClickatellAdapter(account)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries({}, optional={"channel": st.sampled_from(Channel)}),
    st.lists(TEXTS | messages(), min_size=2, max_size=8),
)
def test_what_was_checked_before_makes_no_difference(
    own: dict[str, Any], drawn: list[Message]
) -> None:
    """Each message gets the adapter's own verdict, whatever was checked before it."""
    checks = MessageChecks(adapter(**own))

    # Twice, so that each message also comes after all others.
    for each in (*drawn, *drawn):
        refusal = checks.refusal(each)
        assert checks.adapter.check(each) == (refusal and refusal.failure)


class Stricter(ClickatellAdapter):
    """An adapter with a rule of its own, and without a statement of what it depends on."""

    def check(self, message: Message) -> Failure | None:
        """Refuse one number."""
        if message.to == "+27821234567":
            return refused(Reason.INVALID_RECIPIENT, "to", "is not ours")
        return super().check(message)


@pytest.mark.parametrize("sender", [None, "12345"])
def test_a_rule_of_a_subclass_is_asked_about_every_message(sender: str | None) -> None:
    """A subclass with its own `check` is asked about every message, whatever its base declares."""
    strict = Stricter(adapter().account)
    checks = MessageChecks(strict)
    passed = Message(TO, "Hello", sender=sender)
    other = attrs.evolve(passed, to="+27821234567")

    assert None is checks.refusal(passed)
    assert None is not checks.refusal(other)
    assert not PlainTexts(strict).include(other)


def test_a_text_like_one_that_has_passed_is_known() -> None:
    """A text with the same options, and no longer than one that passed, is not checked again."""
    known = CheckedTexts()
    known.add(Message(TO, "Your code is 1234", sender="12345", ttl=60))

    other = Message("+27821234567", "No code", sender="12345", ttl=60)
    assert known.include(other)
    assert not known.include(attrs.evolve(other, content="Your code is 12345"))


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "54321"},
        {"ttl": 61},
        {"channel": Channel.SMS},
        {"priority": Priority.HIGH},
        {"tags": ("code",)},
        {"content": Text("No code", preview_url=True)},
        {"to": "a@example.org"},
        {"fallback": (Leg(channel=Channel.SMS),)},
        {"extras": {"a": {"b": 1}}},
    ],
)
def test_a_text_that_differs_is_not_known(changes: dict[str, Any]) -> None:
    """A text that differs in a field that providers' rules depend on is checked again."""
    known = CheckedTexts()
    like = Message(TO, "No code", sender="12345", ttl=60)
    known.add(like)

    assert not known.include(attrs.evolve(like, **changes))


def test_what_has_other_options_is_not_remembered() -> None:
    """The verdict on a message with other options does not apply to texts without them."""
    known = CheckedTexts()
    known.add(Message(TO, "No code", sender="12345", tags=("code",)))

    assert not known.include(Message(TO, "No code", sender="12345"))


def test_memory_is_bounded() -> None:
    """The number of remembered kinds of texts is bounded."""
    known = CheckedTexts()
    with patch.object(checked_texts, "_MAX_SHAPES", 3):
        for ttl in range(1, 8):
            known.add(Message(TO, "No code", ttl=ttl))

    included = [ttl for ttl in range(1, 8) if known.include(Message(TO, "No code", ttl=ttl))]
    assert [7] == included
