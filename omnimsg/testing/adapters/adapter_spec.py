"""`AdapterSpec`: the facts that an adapter's author supplies: adapter class, provider's answers."""

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

    from omnimsg.adapter import (
        Account,
        Adapter,
        Callback,
        CodeRow,
        Operation,
        Request,
        Response,
        StatusRow,
    )
    from omnimsg.domain.history import HistoryQuery, PastMessage
    from omnimsg.domain.message import Message
    from omnimsg.testing.adapters.scripted_answers import Said


class AdapterSpec(ABC):
    """The facts about an adapter and its provider that the suite cannot derive.

    Attributes:
        adapter_class: The adapter under test.
        message_levels: The levels of the code table whose codes refuse one message.
        request_levels: The levels whose codes refuse a whole send request.
        report_levels: The levels whose codes give the cause of a failure beside a status.
        other_levels: All other levels.
        status_levels: The levels among these whose codes are HTTP statuses, which no body repeats.
        ordered: Whether the provider promises entries in the order of the request. If not, the
            suite shuffles the entries.
        mixed: Whether one answer can accept some messages and refuse others.
        batch_ids: Whether an accepted message may have no id of its own yet.
        values: Two different values for an optional field of a message, by field name, if the
            provider does not accept the suite's own values.
        signs_body: Whether a callback with a changed body is refused. It is not with a provider
            that has a secret in the address in place of signatures.
        hints: Fields of the model, as `Class.field` or `channel:Class.field`, that the adapter may
            leave out of a request because they change nothing for the recipient.
    """

    adapter_class: ClassVar[type[Adapter[Any]]]
    message_levels: ClassVar[frozenset[str]] = frozenset({"message"})
    request_levels: ClassVar[frozenset[str]] = frozenset({"global"})
    report_levels: ClassVar[frozenset[str]] = frozenset()
    other_levels: ClassVar[frozenset[str]] = frozenset()
    status_levels: ClassVar[frozenset[str]] = frozenset()
    ordered: ClassVar[bool] = False
    mixed: ClassVar[bool] = True
    batch_ids: ClassVar[bool] = False
    values: ClassVar[Mapping[str, tuple[Any, Any]]] = EMPTY
    signs_body: ClassVar[bool] = True
    hints: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def account(self) -> Account[Any]:
        """Return an account with distinctive credentials of at least 6 characters."""

    @abstractmethod
    def messages(self, count: int) -> Sequence[Message]:
        """Return valid messages of one group, each with its own recipient and reference."""

    @abstractmethod
    def answer(self, request: Request, said: Sequence[Said]) -> Response:
        """Return the provider's answer to a send request.

        Args:
            request: The request. If a flow sends several requests, each is answered.
            said: The answer to give for each message, in the order of the answer's entries.
        """

    def answer_status(self, request: Request, row: StatusRow | None) -> Response:
        """Return the provider's answer to a status look-up.

        Args:
            request: The request.
            row: The status to report, perhaps one missing from the table; `None` for an unknown id.
        """
        raise self._not_defined("answer_status", "status")

    def answer_failed_status(self, request: Request, row: StatusRow, code: CodeRow) -> Response:
        """Return the provider's answer to a status look-up of a message that failed.

        Args:
            request: The request.
            row: The status to report.
            code: The code to report as the cause: a row of one of `report_levels`.
        """
        raise self._not_defined("answer_failed_status", "report_levels")

    def history_parameters(self, query: HistoryQuery) -> Sequence[tuple[str, str]] | None:
        """Return the parameters that the provider documents for a filter of `history`.

        Args:
            query: A query with one filter.

        Returns:
            Names and values, as text, of the parameters in the query, the form or the JSON document
            of the request (dotted names for nested members); `None` if the provider has no such
            filter, so that the adapter must refuse it.
        """
        raise self._not_defined("history_parameters", "history")

    def answer_history(self, request: Request, message: PastMessage) -> Response:
        """Return the provider's answer to `history`: one page, which holds this message only."""
        raise self._not_defined("answer_history", "history")

    def answer_find(self, request: Request, message: Message | None, at: datetime) -> Response:
        """Return the provider's answer to the look-up of a message whose answer was lost.

        Args:
            request: The request.
            message: The message that the provider has; `None` if it has none.
            at: When the provider created the message.
        """
        raise self._not_defined("answer_find", "find")

    def answer_operation(self, operation: Operation, request: Request) -> Response:
        """Return the provider's successful answer to a request of any other operation."""
        raise self._not_defined("answer_operation", operation)

    def callbacks(self, at: datetime) -> Mapping[str, Callback]:
        """Return genuine callbacks of every kind, for the account of `account`.

        Args:
            at: When they are sent, if the provider signs the time.

        Returns:
            The callbacks, by a name for failure texts. Each is about a different event, and its
            only header lines are those that prove its origin.
        """
        raise self._not_defined("callbacks", "parse")

    def report(self, row: StatusRow, at: datetime) -> Callback:
        """Return the genuine report of a status.

        Args:
            row: The status to report, perhaps one missing from the table.
            at: The time of the status and of the callback.
        """
        raise self._not_defined("report", "parse")

    def provider_id(self, number: int) -> str:
        """Return a made-up provider id for a message; no id may contain another."""
        return f"{0xC0FFEE + number:032x}"

    def samples(self) -> Iterable[Message]:
        """Return messages for features that the suite's own samples do not cover."""
        return ()

    def stored(self) -> Stored:
        """Return a stored file that the provider knows."""
        account = self.account()
        return Stored(
            account=account.name, id="stored-1", url=f"{account.base_url}/stored-1", sha256="0" * 64
        )

    def upload(self) -> tuple[Upload, Source]:
        """Return a file that the provider accepts, and its `Source` as the engine computes it."""
        data = b"omnimsg sample file"
        upload = Upload(data, "image/jpeg", file_name="sample.jpg")
        return upload, Source(data=data, size=len(data), sha256=sha256(data).hexdigest())

    @property
    def class_name(self) -> str:
        """The name of the derived test class, for failure texts."""
        return type(self).__name__

    def _not_defined(self, method: str, operation: str) -> NotImplementedError:
        return NotImplementedError(
            f"{self.class_name} must define {method}: the adapter has `{operation}`"
        )
