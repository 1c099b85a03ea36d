"""What the author of an adapter tells the suite: the questions that only they can answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from omnimsg.adapter import Source
from omnimsg.domain.frozen_dict import EMPTY
from omnimsg.domain.media import Stored, Upload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from omnimsg.adapter import Account, Adapter, Operation, Request, Response, StatusRow
    from omnimsg.domain.message import Message
    from omnimsg.testing.scripted_answers import Said


class AdapterSpec(ABC):
    """The questions that only the author of an adapter can answer.

    Attributes:
        adapter_class: The adapter to hold to its promises.
        message_levels: The levels of the code table whose codes refuse one message.
        request_levels: The levels whose codes refuse a whole send request.
        other_levels: The levels that do not concern sending.
        status_levels: Of these, the levels whose codes are HTTP statuses, which no body repeats.
        ordered: Whether the provider promises entries in the order of the request. The suite
            shuffles the entries of those that do not.
        mixed: Whether one answer can accept some messages and refuse others.
        batch_ids: Whether an accepted message may have no id of its own yet.
        values: Two different values for optional fields of a message, where the suite's own do
            not suit the provider.
        hints: Fields of the model, as `Class.field` or `channel:Class.field`, that the adapter may
            leave out of a request because they change nothing that a person gets.
    """

    adapter_class: ClassVar[type[Adapter[Any]]]
    message_levels: ClassVar[frozenset[str]] = frozenset({"message"})
    request_levels: ClassVar[frozenset[str]] = frozenset({"global"})
    other_levels: ClassVar[frozenset[str]] = frozenset()
    status_levels: ClassVar[frozenset[str]] = frozenset()
    ordered: ClassVar[bool] = False
    mixed: ClassVar[bool] = True
    batch_ids: ClassVar[bool] = False
    values: ClassVar[Mapping[str, tuple[Any, Any]]] = EMPTY
    hints: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def account(self) -> Account[Any]:
        """Return an account whose credentials are easily recognised, of 6 characters at least."""

    @abstractmethod
    def messages(self, count: int) -> Sequence[Message]:
        """Return valid messages of one group, each with its own recipient and reference."""

    @abstractmethod
    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Put the provider's answer to a send request in its own words.

        Args:
            request: The request; a flow that needs several is answered for each.
            said: What to say of each message, in the order the entries are to stand in.
        """

    def answer_status(self, request: Request, row: StatusRow | None) -> Response:
        """Put the provider's answer to a status look-up in its own words.

        Args:
            request: The request.
            row: The status, perhaps one the table does not hold; `None` for an unknown id.
        """
        raise NotImplementedError(f"{self._name}.answer_status: the adapter has `status`")

    def answer_find(self, request: Request, message: Message | None, at: datetime) -> Response:
        """Put the provider's answer to the look-up of a lost message in its own words.

        Args:
            request: The request.
            message: What the provider has; `None` for an answer that does not have it.
            at: When the provider created it.
        """
        raise NotImplementedError(f"{self._name}.answer_find: the adapter has `find`")

    def answer_operation(self, operation: Operation, request: Request) -> Response:
        """Give the provider's good answer to a request of another operation."""
        raise NotImplementedError(f"{self._name}.answer_operation: the adapter has `{operation}`")

    def provider_id(self, number: int) -> str:
        """Make up the provider's id of a message; no id may contain another."""
        return f"{0xC0FFEE + number:032x}"

    def samples(self) -> Iterable[Message]:
        """Return messages for what the suite's own plain samples do not show of the provider."""
        return ()

    def stored(self) -> Stored:
        """Return a stored file that the provider knows."""
        account = self.account()
        return Stored(
            account=account.name, id="stored-1", url=f"{account.base_url}/stored-1", sha256="0" * 64
        )

    def upload(self) -> tuple[Upload, Source]:
        """Return a file that the provider takes, and what the engine measures of it."""
        data = b"omnimsg sample file"
        upload = Upload(data, "image/jpeg", file_name="sample.jpg")
        return upload, Source(data=data, size=len(data), sha256=sha256(data).hexdigest())

    @property
    def _name(self) -> str:
        return type(self).__name__
