"""The id of an accepted message, with which any process can look up its status later."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Self
from urllib.parse import quote, unquote

from omnimsg.domain.invalid_value import InvalidValue, Problem

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@lru_cache(maxsize=1024)
def is_account_name(text: str) -> bool:
    """Return whether a text is a valid account name. Cached: a process checks a few names often."""
    return _NAME.fullmatch(text) is not None


class MessageId(str):
    """An account's name and the provider's id as one text: `clickatell:0f3b...`.

    It is a `str`: store it, log it, compare it. Only the adapter interprets the part after the
    colon.

    Raises:
        InvalidValue: The text has no account name before its first colon, or nothing after it.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Parse an id that `str(accepted.id)` wrote."""
        if not isinstance(text, str):
            raise InvalidValue(Problem("MessageId", "must be text, as `str(accepted.id)` gives"))
        account, colon, value = text.partition(":")
        if not (colon and value and is_account_name(account)):
            raise InvalidValue(
                Problem(
                    "MessageId", "must look like 'account:provider-id', as `str(accepted.id)` gives"
                )
            )
        return str.__new__(cls, text)

    @classmethod
    def of(cls, account: str, provider_id: str) -> MessageId:
        """Join an account's name and the provider's id.

        Raises:
            InvalidValue: It is no name of an account, or the id is empty.
        """
        if not is_account_name(account):
            raise InvalidValue(Problem("MessageId", "is not an account's name"))
        # A valid name has no colon, so an empty provider id is all that `MessageId` could refuse.
        text = f"{account}:{provider_id}"
        return str.__new__(cls, text) if provider_id else cls(text)

    @property
    def account(self) -> str:
        """The account's name in the configuration."""
        return self.partition(":")[0]

    @property
    def provider_id(self) -> str:
        """The provider's id, in the form that the adapter wrote."""
        return self.partition(":")[2]


# The prefix of the provider's part of an id that names a message by its batch and reference.
BATCH = "batch/"


def join_batch_id(batch_id: str, reference: str) -> str:
    """Build the provider's part of the id of a message that has only a batch id so far."""
    return f"{BATCH}{batch_id}/{quote(reference, safe='')}"


def split_batch_id(provider_id: str) -> tuple[str, str] | None:
    """Return the batch id and the reference in an id; `None` for any other kind of id."""
    if not provider_id.startswith(BATCH):
        return None
    batch_id, _, reference = provider_id.removeprefix(BATCH).rpartition("/")
    return (batch_id, unquote(reference)) if batch_id and reference else None
