"""Ids that another process reads back."""

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
    """What `str` writes, any process reads back, colons in the provider's part included."""
    accepted = Accepted(reference="r", account=account, provider_id=provider_id)

    read = MessageId(str(accepted.id))

    assert (account, provider_id) == (read.account, read.provider_id)
    assert read == pickle.loads(pickle.dumps(read)) == f"{account}:{provider_id}"  # noqa: S301


@pytest.mark.parametrize(
    "text",
    ["", ":", "main", "main:", ":1", " main:1", "ma in:1", "-main:1", "m" * 65 + ":1", 5, None],
)
def test_bad_ids(text: str) -> None:
    """What names no account, or nothing at the account, is refused without repeating it."""
    with pytest.raises(InvalidValue) as caught:
        MessageId(text)

    assert ["MessageId"] == [each.path for each in caught.value.problems]


@pytest.mark.parametrize(("account", "provider_id"), [("a:b", "1"), ("", "1"), ("a", "")])
def test_ids_that_would_read_back_as_others(account: str, provider_id: str) -> None:
    """An id is only made where reading it gives the same parts."""
    with pytest.raises(InvalidValue):
        MessageId.of(account, provider_id)


@pytest.mark.parametrize("provider_id", [None, ""])
def test_no_id(provider_id: str | None) -> None:
    """Where the provider named no id there is none, and no error."""
    assert Accepted(reference="r", account="a", provider_id=provider_id).id is None
