"""The interface of a transport: its methods, write mark, sink and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from omnimsg.adapter import Request, Response
    from omnimsg.domain.reason import Reason


class Transport(Protocol):
    """Exchanges the requests of one account. Tests replace it with a fake."""

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Send one request and return its answer.

        Args:
            request: The request, without the credentials.
            within: Time limit of the whole exchange, connecting included, seconds.
            mark: Set before the first byte leaves. It stays set, whatever is raised.
            sink: Takes the body of a successful answer if the request asks for a sink.

        Raises:
            TransportFault: There was no answer, or it was cut off.
            SinkFault: The sink could not be written.
        """

    async def aclose(self) -> None:
        """Refuse new requests, wait for the answers in flight, then close all connections."""


class WriteMark:
    """Whether any byte of a request may have left.

    Attributes:
        written: Set by the transport before the first byte leaves. While it is not set, nothing
            has left.
    """

    written: bool = False


class TransportFault(Exception):  # noqa: N818 - never leaves the engine
    """The exchange did not end in an answer.

    Attributes:
        reason: The cause, in the unified model.
        detail: The cause, for a person.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@runtime_checkable
class Abandonable(Protocol):
    """A transport whose connections can be left to the garbage collector."""

    def abandon(self) -> None:
        """Leave the connections, because their event loop does not run here."""


class Sink(Protocol):
    """Takes the bytes of a downloaded file."""

    async def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises:
            OSError: They cannot be stored.
        """


class SinkFault(Exception):  # noqa: N818 - never leaves the engine
    """A downloaded file could not be written: a fault of the disk, not of the connection.

    Attributes:
        error: The operating system's error.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(type(error).__name__)
        self.error = error
