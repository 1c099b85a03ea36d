"""The operations of a client besides sending: status, cancel, files, balance, lists, read marks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, overload

from omnimsg.adapter import Operation
from omnimsg.domain.arguments import require_instance, require_several
from omnimsg.domain.history import HistoryQuery
from omnimsg.domain.invalid_value import InvalidValue, Problem
from omnimsg.domain.media import Stored, Upload
from omnimsg.domain.message_id import MessageId
from omnimsg.engine.deadline import Deadline

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterable

    from omnimsg.accounts import Accounts
    from omnimsg.domain.history import Balance, Interaction, PastMessage
    from omnimsg.domain.media import MediaInfo
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import MessageStatus
    from omnimsg.engine.clock import Clock

# Seconds that one call may take, unless the caller says otherwise.
DEADLINE = 30.0

# What to give in place of an argument of another type.
_UPLOAD = "Upload(data, 'image/png', file_name='a.png')"
_STORED = (
    "what `upload` returned, or the `Stored` source of an inbound file; an `Inline` one has its"
    " bytes in `data`"
)


class Operations:
    """The methods of `Client` that ask a provider and send no message.

    `Client` documents the arguments and errors that they have in common.
    """

    _accounts: Accounts
    _clock: Clock

    async def status(self, id: str, *, deadline: float = DEADLINE) -> MessageStatus:  # noqa: A002
        """Ask the provider for the status of a message.

        A message that the provider does not know is `UNKNOWN` with the reason `NOT_FOUND`. An id
        that cannot be one of Bird's is an `OperationError` with that reason.
        """
        message_id = MessageId(id)
        account = self._accounts.with_operation(message_id.account, Operation.STATUS)
        return await account.status(message_id.provider_id, deadline)

    async def cancel(self, id: str, *, deadline: float = DEADLINE) -> bool:  # noqa: A002
        """Stop a scheduled message.

        Returns `True` when it was stopped, `False` when it is too late or there is no such message.
        An `OperationError` is no certain answer: the status tells what became of the message.
        """
        message_id = MessageId(id)
        account = self._accounts.with_operation(message_id.account, Operation.CANCEL)
        return await account.cancel(message_id.provider_id, deadline)

    async def upload(
        self, upload: Upload, *, account: str | None = None, deadline: float = 120.0
    ) -> Stored:
        """Upload a file to the provider, for any number of later messages of this account.

        A local file is read in pieces, within the deadline.

        Raises:
            OperationError: The file cannot be read (in time), is too large, or was refused.
        """
        require_instance("upload", upload, Upload, _UPLOAD)
        return await self._accounts.with_operation(account, Operation.UPLOAD).upload(
            upload, deadline
        )

    @overload
    async def download(
        self, stored: Stored, *, deadline: float = ..., max_bytes: int | None = ...
    ) -> bytes: ...

    @overload
    async def download(
        self,
        stored: Stored,
        to: str | os.PathLike[str],
        *,
        deadline: float = ...,
        max_bytes: int | None = ...,
    ) -> Path: ...

    async def download(
        self,
        stored: Stored,
        to: str | os.PathLike[str] | None = None,
        *,
        deadline: float = 120.0,
        max_bytes: int | None = None,
    ) -> bytes | Path:
        """Fetch a stored file: one that `upload` returned, or the file of an inbound message.

        With `to`, the file appears there once it is complete, readable by its owner only; otherwise
        its bytes are returned. `max_bytes` is the largest size, decompressed; the policy's unless
        given. A digest in `stored` is verified.

        Raises:
            OperationError: The file is not there (any more), is too large or does not match the
                digest, or the transfer broke.
            OSError: The file cannot be written.
            InvalidValue: `max_bytes` is no whole number, or less than 0.
        """
        most: object = max_bytes
        is_size = isinstance(most, int) and not isinstance(most, bool) and most >= 0
        if most is not None and not is_size:
            raise InvalidValue(Problem("max_bytes", "must be a whole number of bytes, 0 or more"))
        require_instance("stored", stored, Stored, _STORED)
        account = self._accounts.with_operation(stored.account, Operation.DOWNLOAD)
        if to is None:
            return await account.download(stored, deadline, max_bytes)
        path = Path(to)
        await account.download_to(stored, path, deadline, max_bytes)
        return path

    async def media_info(self, stored: Stored, *, deadline: float = DEADLINE) -> MediaInfo:
        """Ask the provider for its data on a stored file."""
        require_instance("stored", stored, Stored, _STORED)
        account = self._accounts.with_operation(stored.account, Operation.MEDIA_INFO)
        return await account.media_info(stored, deadline)

    async def balance(self, *, account: str | None = None, deadline: float = DEADLINE) -> Balance:
        """Ask for the balance of an account; `check` tries the credentials of any account."""
        return await self._accounts.with_operation(account, Operation.BALANCE).balance(deadline)

    def history(
        self,
        query: HistoryQuery | None = None,
        *,
        account: str | None = None,
        deadline: float = DEADLINE,
    ) -> AsyncIterator[PastMessage]:
        """Iterate over past messages, all unless a query is given; `deadline` is for each page."""
        if query is not None:
            require_instance("query", query, HistoryQuery, "HistoryQuery(to='+27820001000')")
        engine = self._accounts.with_operation(account, Operation.HISTORY)
        return engine.history(query or HistoryQuery(), deadline)

    def interactions(self, id: str, *, deadline: float = DEADLINE) -> AsyncIterator[Interaction]:  # noqa: A002
        """Iterate over people's interactions with a message; `deadline` is for each page."""
        message_id = MessageId(id)
        account = self._accounts.with_operation(message_id.account, Operation.INTERACTIONS)
        return account.interactions(message_id.provider_id, deadline)

    async def mark_read(self, ids: Iterable[str], *, deadline: float = DEADLINE) -> list[Outcome]:
        """Tell people that their messages were read.

        Takes ids of inbound messages, `account:id`, and returns one outcome per id, in order.
        """
        require_several("ids", ids, "ids", "[id]")
        wanted = [MessageId(each) for each in ids]
        until = Deadline.after(deadline, self._clock.monotonic)
        # Check all accounts before the first request, so that an error leaves nothing half done.
        accounts = {
            each.account: self._accounts.with_operation(each.account, Operation.MARK_READ)
            for each in wanted
        }
        outcomes: dict[int, Outcome] = {}
        for name, account in accounts.items():
            indexes = [index for index, each in enumerate(wanted) if each.account == name]
            provider_ids = [wanted[index].provider_id for index in indexes]
            answered = await account.mark_read(provider_ids, until)
            outcomes.update(zip(indexes, answered, strict=True))
        return [outcomes[index] for index in range(len(wanted))]
