"""The operations of the synchronous client besides sending: status, cancel, files, lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from omnimsg.domain.arguments import require_several
from omnimsg.operations import DEADLINE
from omnimsg.sync.call import run
from omnimsg.sync.iteration import iterate

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from omnimsg.domain.history import Balance, HistoryQuery, Interaction, PastMessage
    from omnimsg.domain.media import MediaInfo, Stored, Upload
    from omnimsg.domain.outcome import Outcome
    from omnimsg.domain.status import MessageStatus
    from omnimsg.sync.interruption import LoopClient


class Operations:
    """The methods of `Client` that ask a provider and send no message.

    `Client` documents the arguments and errors that they have in common.
    """

    _client: LoopClient

    def status(self, id: str, *, deadline: float = DEADLINE) -> MessageStatus:  # noqa: A002
        """Ask the provider for the status of a message.

        A message that the provider does not know is `UNKNOWN` with the reason `NOT_FOUND`.
        """
        return run(self._client.status(id, deadline=deadline))

    def cancel(self, id: str, *, deadline: float = DEADLINE) -> bool:  # noqa: A002
        """Stop a scheduled message.

        Returns `True` when it was stopped, `False` when it is too late or there is no such message.
        An `OperationError` is no certain answer: the status tells what became of the message.
        """
        return run(self._client.cancel(id, deadline=deadline))

    def upload(
        self, upload: Upload, *, account: str | None = None, deadline: float = 120.0
    ) -> Stored:
        """Upload a file to the provider, for any number of later messages of this account.

        A local file is read in pieces, within the deadline.

        Raises:
            OperationError: The file cannot be read (in time), is too large, or was refused.
        """
        return run(self._client.upload(upload, account=account, deadline=deadline))

    @overload
    def download(
        self, stored: Stored, *, deadline: float = ..., max_bytes: int | None = ...
    ) -> bytes: ...

    @overload
    def download(
        self,
        stored: Stored,
        to: str | os.PathLike[str],
        *,
        deadline: float = ...,
        max_bytes: int | None = ...,
    ) -> Path: ...

    def download(
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
            InvalidValue: `max_bytes` is no whole number.
        """
        if to is None:
            return run(self._client.download(stored, deadline=deadline, max_bytes=max_bytes))
        return run(self._client.download(stored, to, deadline=deadline, max_bytes=max_bytes))

    def media_info(self, stored: Stored, *, deadline: float = DEADLINE) -> MediaInfo:
        """Ask the provider for its data on a stored file."""
        return run(self._client.media_info(stored, deadline=deadline))

    def balance(self, *, account: str | None = None, deadline: float = DEADLINE) -> Balance:
        """Ask for the balance of an account; `check` tries the credentials of any account."""
        return run(self._client.balance(account=account, deadline=deadline))

    def history(
        self,
        query: HistoryQuery | None = None,
        *,
        account: str | None = None,
        deadline: float = DEADLINE,
    ) -> Iterator[PastMessage]:
        """Iterate over past messages, all unless a query is given; `deadline` is for each page."""
        return iterate(self._client.history(query, account=account, deadline=deadline))

    def interactions(self, id: str, *, deadline: float = DEADLINE) -> Iterator[Interaction]:  # noqa: A002
        """Iterate over people's interactions with a message; `deadline` is for each page."""
        return iterate(self._client.interactions(id, deadline=deadline))

    def mark_read(self, ids: Iterable[str], *, deadline: float = DEADLINE) -> list[Outcome]:
        """Tell people that their messages were read.

        Takes ids of inbound messages, `account:id`, and returns one outcome per id, in order.
        """
        require_several("ids", ids, "ids", "[id]")
        # Read in the calling thread: the iterable may belong to it.
        return run(self._client.mark_read(tuple(ids), deadline=deadline))
