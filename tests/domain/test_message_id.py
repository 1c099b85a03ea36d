"""A message id can be stored as text and parsed by another process."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from support.strategies import accounts, words

from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.message_id import MessageId
from omnimsg.domain.outcome import Accepted


@given(accounts(), words())
def test_ids_round_trip_through_text(account: str, provider_id: str) -> None:
    """Parsing the text of an id gives the same parts, even if the provider's has colons."""
    accepted = Accepted(reference="r", account=account, provider_id=provider_id)

    read = MessageId(str(accepted.id))

    assert (account, provider_id) == (read.account, read.provider_id)
    assert read == pickle.loads(pickle.dumps(read)) == f"{account}:{provider_id}"  # noqa: S301


@pytest.mark.parametrize(
    "text",
    ["", ":", "main", "main:", ":1", " main:1", "ma in:1", "-main:1", "m" * 65 + ":1", 5, None],
)
def test_invalid_ids(text: str) -> None:
    """A text without a valid account name or without a provider id is refused."""
    with pytest.raises(InvalidValue) as caught:
        MessageId(text)

    assert ["MessageId"] == [each.path for each in caught.value.problems]


@pytest.mark.parametrize(("account", "provider_id"), [("a:b", "1"), ("", "1"), ("a", "")])
def test_ambiguous_parts_are_refused(account: str, provider_id: str) -> None:
    """An id is only built from parts that parsing it would return."""
    with pytest.raises(InvalidValue):
        MessageId.of(account, provider_id)


@pytest.mark.parametrize("provider_id", [None, ""])
def test_an_outcome_without_a_provider_id(provider_id: str | None) -> None:
    """If the provider gave no id, `Accepted.id` is `None`."""
    assert Accepted(reference="r", account="a", provider_id=provider_id).id is None
