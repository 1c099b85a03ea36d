"""Uploads and downloads of one account, with their size limits and checksums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import attrs

from omnimsg.adapter import Adapter, Operation
from omnimsg.domain.byte_sizes import format_bytes
from omnimsg.domain.errors import OperationError
from omnimsg.domain.failure import Failure
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.clock import Clock
from omnimsg.engine.deadline import Deadline
from omnimsg.engine.operations import OperationRunner
from omnimsg.transport.files import (
    CheckedSink,
    FileSink,
    FileTooLargeError,
    MemorySink,
    file_size,
    measure,
)

if TYPE_CHECKING:
    from pathlib import Path

    from omnimsg.domain.media import Stored, Upload
    from omnimsg.transport import Sink


@attrs.define(eq=False)
class FileTransfers:
    """Uploads and downloads files through one account.

    Args:
        adapter: The account's adapter.
        operations: Runs the adapter's flows.
        clock: The account's clock.
        max_bytes: The largest file that is downloaded.
    """

    _adapter: Adapter[Any]
    _operations: OperationRunner
    _clock: Clock
    _max_bytes: int

    async def upload(self, upload: Upload, deadline: float) -> Stored:
        """Upload a file to the provider.

        Raises:
            OperationError: The file cannot be read (in time), is too large, or was refused.
        """
        until = Deadline.after(deadline, self._clock.monotonic)
        limit = self._adapter.capabilities.max_upload_bytes
        try:
            with anyio.fail_after(until.remaining()):
                size = await file_size(upload.data)
                if limit is not None and size > limit:
                    detail = (
                        f"has {format_bytes(size)}; {self._adapter.provider} stores files of up to"
                        f" {format_bytes(limit)}"
                    )
                    raise self._error(Operation.UPLOAD, Reason.MEDIA_TOO_LARGE, detail)
                source = await measure(upload.data)
        except TimeoutError:
            detail = "the file cannot be read before the deadline"
            raise self._error(Operation.UPLOAD, Reason.DEADLINE_EXCEEDED, detail) from None
        except OSError as error:
            detail = f"the file cannot be read: {error.strerror}"
            raise self._error(Operation.UPLOAD, Reason.MEDIA_INVALID, detail) from None
        return await self._operations.run(
            Operation.UPLOAD,
            lambda context: self._adapter.upload(upload, source, context),
            deadline=until.remaining(),
            recipients=(upload.restricted_to,),
        )

    async def download(
        self, stored: Stored, deadline: float, max_bytes: int | None = None
    ) -> bytes:
        """Fetch a stored file into memory.

        Raises:
            OperationError: The file is not there (any more), is too large or another one, or the
                transfer broke.
        """
        memory = MemorySink()
        await self._fetch(stored, memory, deadline, max_bytes)
        return memory.value()

    async def download_to(
        self, stored: Stored, path: Path, deadline: float, max_bytes: int | None = None
    ) -> None:
        """Fetch a stored file to a path, where it appears only once it is complete.

        Raises:
            OperationError: The file is not there (any more), is too large or another one, or the
                transfer broke.
            OSError: The path cannot be written.
        """
        async with FileSink(path) as file:
            await self._fetch(stored, file, deadline, max_bytes)

    async def _fetch(
        self, stored: Stored, sink: Sink, deadline: float, max_bytes: int | None
    ) -> None:
        limit = self._max_bytes if max_bytes is None else max_bytes
        checked = CheckedSink(sink, limit)
        try:
            is_there = await self._operations.run(
                Operation.DOWNLOAD,
                lambda context: self._adapter.download(stored, context),
                deadline=deadline,
                sink=checked,
                recipients=(stored.restricted_to,),
            )
        except FileTooLargeError:
            detail = (
                f"has more than {format_bytes(limit)}; allow more with `max_bytes`, or with"
                f" `limits.max_download_bytes` of the account"
            )
            raise self._error(Operation.DOWNLOAD, Reason.MEDIA_TOO_LARGE, detail) from None
        if not is_there:
            raise self._error(Operation.DOWNLOAD, Reason.NOT_FOUND, "the provider has no such file")
        if stored.sha256 is not None and checked.sha256() != stored.sha256.lower():
            detail = "the file is not the one that was stored: its SHA-256 is another one"
            raise self._error(Operation.DOWNLOAD, Reason.MEDIA_INVALID, detail)

    def _error(self, operation: Operation, reason: Reason, detail: str) -> OperationError:
        path = "data" if operation is Operation.UPLOAD else "stored"
        failure = Failure(reason=reason, retry=Retry.NEVER, path=path, detail=detail)
        return OperationError(operation.value, self._adapter.account.name, failure)
