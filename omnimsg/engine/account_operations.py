"""Operations of one account besides sending: status, cancel, files, balance, history, find."""

from __future__ import annotations

from contextlib import aclosing
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omnimsg.adapter import Operation
from omnimsg.domain.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from omnimsg.adapter import Absent, Adapter
    from omnimsg.domain.history import Balance, HistoryQuery, Interaction, PastMessage
    from omnimsg.domain.media import MediaInfo, Stored, Upload
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Accepted, Outcome
    from omnimsg.domain.status import MessageStatus
    from omnimsg.engine.deadline import Deadline
    from omnimsg.engine.parts_by_loop import PartsByLoop


class AccountOperations:
    """The half of `AccountEngine` that sends nothing."""

    adapter: Adapter[Any]
    _loops: PartsByLoop

    @cached_property
    def operations(self) -> frozenset[Operation]:
        """What the adapter can do besides sending."""
        return self.adapter.operations()

    async def status(self, provider_id: str, deadline: float) -> MessageStatus:
        """Ask for the status of a message."""
        return await self._loops.here(Operation.STATUS).operations.status(provider_id, deadline)

    async def cancel(self, provider_id: str, deadline: float) -> bool:
        """Stop a scheduled message; `False` when it is too late, or there is no such message."""
        return await self._loops.here(Operation.CANCEL).operations.run(
            Operation.CANCEL,
            lambda context: self.adapter.cancel(provider_id, context),
            deadline=deadline,
        )

    async def upload(self, upload: Upload, deadline: float) -> Stored:
        """Upload a file to the provider."""
        return await self._loops.here(Operation.UPLOAD).files.upload(upload, deadline)

    async def download(
        self, stored: Stored, deadline: float, max_bytes: int | None = None
    ) -> bytes:
        """Fetch a stored file into memory."""
        return await self._loops.here(Operation.DOWNLOAD).files.download(
            stored, deadline, max_bytes
        )

    async def download_to(
        self, stored: Stored, path: Path, deadline: float, max_bytes: int | None = None
    ) -> None:
        """Fetch a stored file to a path, where it appears only once it is complete."""
        await self._loops.here(Operation.DOWNLOAD).files.download_to(
            stored, path, deadline, max_bytes
        )

    async def media_info(self, stored: Stored, deadline: float) -> MediaInfo:
        """Ask for the provider's data about a stored file."""
        return await self._loops.here(Operation.MEDIA_INFO).operations.run(
            Operation.MEDIA_INFO,
            lambda context: self.adapter.media_info(stored, context),
            deadline=deadline,
            recipients=(stored.restricted_to,),
        )

    async def balance(self, deadline: float) -> Balance:
        """Ask for the account's balance."""
        return await self._loops.here(Operation.BALANCE).operations.run(
            Operation.BALANCE, self.adapter.balance, deadline=deadline
        )

    async def history(self, query: HistoryQuery, deadline: float) -> AsyncIterator[PastMessage]:
        """Yield past messages; `deadline` is for each page."""
        pages = self._loops.here(Operation.HISTORY).operations.history(query, deadline)
        async with aclosing(pages):
            async for each in pages:
                yield each

    async def interactions(self, provider_id: str, deadline: float) -> AsyncIterator[Interaction]:
        """Yield the interactions of people with a message; `deadline` is for each page."""
        pages = self._loops.here(Operation.INTERACTIONS).operations.pages(
            Operation.INTERACTIONS,
            lambda page, context: self.adapter.interactions(provider_id, page, context),
            deadline=deadline,
        )
        async with aclosing(pages):
            async for each in pages:
                yield each

    async def mark_read(self, provider_ids: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """Send read receipts; return one outcome per id, in order."""
        most = self.adapter.capabilities.max_messages
        outcomes: list[Outcome] = []
        for start in range(0, len(provider_ids), most):
            part = provider_ids[start : start + most]
            operations = self._loops.here(Operation.MARK_READ).operations
            outcomes += await operations.mark_read(part, deadline)
        return outcomes

    async def find(self, message: Message, deadline: Deadline) -> Accepted | Absent | None:
        """Look up a message that may have been sent; `None` where there is no clear answer.

        The deadline is the one with which the message was handed over: its start says from when on
        to search.
        """
        try:
            operations = self._loops.here(Operation.FIND).operations
        except OperationError:
            return None  # a loop in another thread is using the account
        return await operations.find(message, deadline)
