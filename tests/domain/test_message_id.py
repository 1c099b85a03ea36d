"""A message id can be stored as text and parsed by another process."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.strategies import accounts, words

from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.message_id import MessageId, split_batch_id
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.validate import is_unicode


@given(accounts(), words())
def test_ids_round_trip_through_text(account: str, provider_id: str) -> None:
    """Parsing the text of an id gives the same parts, even if the provider's id has colons."""
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
    """An id is only built from parts that parsing its text returns."""
    with pytest.raises(InvalidValue):
        MessageId.of(account, provider_id)


@pytest.mark.parametrize("provider_id", [None, ""])
def test_an_outcome_without_a_provider_id(provider_id: str | None) -> None:
    """An `Accepted` with neither provider id nor batch id, a defect of an adapter, has no id."""
    outcome: Any = Accepted(reference="r", account="a", provider_id=provider_id)

    assert outcome.id is None


@given(st.text(min_size=1), st.from_regex(r"[A-Za-z0-9-]{1,36}", fullmatch=True))
def test_an_id_by_batch_and_reference(reference: str, batch: str) -> None:
    """A message without a provider id has an id of batch and reference, in printable ASCII."""
    assume(is_unicode(reference) and len(reference) <= 255)
    outcome = Accepted(reference=reference, account="a", provider_id=None, batch_id=batch)

    again = MessageId(str(outcome.id))

    assert ("a", outcome.id) == (again.account, again)
    assert (batch, reference) == split_batch_id(again.provider_id)
    assert outcome.id.isascii()
    assert outcome.id.isprintable()


@pytest.mark.parametrize("text", ["channel/message", "batch/b", "batch//r", "batch/b/", "batch"])
def test_other_ids_name_no_batch(text: str) -> None:
    """`split_batch_id` reads only the form that `join_batch_id` writes."""
    assert split_batch_id(text) is None
