"""`FakeProvider`: a provider in memory, for tests of an application without a sandbox."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Unpack

import attrs

from omnimsg.adapter import Request, Response
from omnimsg.client import Client
from omnimsg.domain import validate
from omnimsg.domain.message import Message
from omnimsg.domain.reason import Reason
from omnimsg.domain.serialization import message_from_json
from omnimsg.domain.status import Status
from omnimsg.json_codec import dumps, loads
from omnimsg.sync import Client as SyncClient
from omnimsg.testing.memory.fake_adapter import FakeAdapter
from omnimsg.testing.memory.memory_transport import MemoryTransport
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.client_options import ClientOptions
    from omnimsg.domain.outcome import Accepted
    from omnimsg.transport import TransportFactory


def _to_reason(value: Reason | str) -> Reason:
    return validate.to_enum_member(Reason, value)


def _check_recipient(_: object, __: object, value: str | None) -> None:
    """Require a recipient that a message can have: else no message would ever be refused."""
    if value is not None:
        Message(value, "x")


@attrs.define(kw_only=True)
class Refusal:
    """A refusal of the next messages."""

    reason: Reason = attrs.field(converter=_to_reason, validator=validate.enum_member(Reason))
    to: str | None = attrs.field(validator=_check_recipient)
    retry_after: float | None
    times: int = attrs.field(validator=validate.integer(minimum=1), on_setattr=attrs.setters.NO_OP)


class FakeProvider:
    """A provider that accepts every message, unless a test configures refusals or faults.

    The client, its rates, retries and outcomes are real; there is no socket and no thread. The
    restrictions of real providers are not emulated: use the sandbox for these.

    Attributes:
        messages: The accepted messages, in order, as they were given to the client.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._statuses: dict[str, Status] = {}
        self._refusals: deque[Refusal] = deque()
        self._unreachable = 0
        self._lost = 0

    @property
    def transport(self) -> TransportFactory:
        """The factory of transports to this provider, for `Client(..., transport=...)`."""
        return MemoryTransport.factory(self._respond, connect=self._connect)

    def client(
        self, *, accounts: Sequence[str] = ("fake",), **options: Unpack[ClientOptions]
    ) -> Client:
        """Return a client whose accounts reach this provider.

        Args:
            accounts: The names of the accounts; the first one is the default.
            options: The options of `Client`.
        """
        options.setdefault("transport", self.transport)
        return Client(map(FakeAdapter.of, accounts), default=accounts[0], **options)

    def sync_client(
        self, *, accounts: Sequence[str] = ("fake",), **options: Unpack[ClientOptions]
    ) -> SyncClient:
        """Return a client of `omnimsg.sync` whose accounts reach this provider.

        Args:
            accounts: The names of the accounts; the first one is the default.
            options: The options of `Client`.
        """
        options.setdefault("transport", self.transport)
        return SyncClient(map(FakeAdapter.of, accounts), default=accounts[0], **options)

    def refuse(
        self,
        reason: Reason | str,
        *,
        to: str | None = None,
        times: int = 1,
        retry_after: float | None = None,
    ) -> None:
        """Refuse the next messages.

        The reason decides the outcome: limits, outages and reasons of the account give `NotSent`,
        every other gives `Rejected`. The client tries limits and outages again, and each attempt
        counts as one of `times`.

        Args:
            reason: The reason of the refusal.
            to: Refuse only messages to this recipient.
            times: How many attempts to refuse.
            retry_after: Seconds after which the provider asks for another attempt.

        Raises:
            InvalidValue: There is no such reason, `to` is no recipient of a message, or `times` is
                less than 1.
        """
        self._refusals.append(Refusal(reason=reason, to=to, retry_after=retry_after, times=times))

    def lose_answers(self, times: int = 1) -> None:
        """Accept the messages of the next requests, but lose the answers: they are `Ambiguous`."""
        self._lost += times

    def disconnect(self, times: int = 1) -> None:
        """Refuse the next connections: nothing is sent, and the client tries again."""
        self._unreachable += times

    def report(self, accepted: Accepted, status: Status | str) -> None:
        """Set the status of an accepted message; it is `DELIVERED` at first.

        Raises:
            LookupError: The provider has not accepted the message.
            ValueError: There is no such status.
        """
        provider_id = accepted.provider_id
        if provider_id not in self._statuses:
            raise LookupError(f"no message has the id {provider_id!r}")
        self._statuses[provider_id] = Status(status)

    def _connect(self, _: Request) -> None:
        if self._unreachable:
            self._unreachable -= 1
            raise TransportFault(Reason.CONNECTION_FAILED, "a test refuses the connection")

    def _respond(self, request: Request) -> Response:
        if request.method == "GET":
            status = self._statuses.get(request.url.rpartition("/")[2])
            if status is None:
                return Response(404, b"{}")
            return Response(200, dumps({"status": status.value}))
        assert isinstance(request.body, bytes)  # noqa: S101 - the adapter writes bytes
        entries = loads(request.body)["messages"]
        results = [self._handle_entry(each) for each in entries]
        if self._lost:
            self._lost -= 1
            raise TransportFault(Reason.CONNECTION_LOST, "a test loses the answer")
        return Response(200, dumps({"results": results}))

    def _handle_entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        result = {"reference": entry["reference"]}
        message = message_from_json(entry["message"])
        refusal = next((each for each in self._refusals if each.to in (None, message.to)), None)
        if refusal is not None:
            refusal.times -= 1
            if not refusal.times:
                self._refusals.remove(refusal)
            return result | {"code": refusal.reason.value, "retry_after": refusal.retry_after}
        self.messages.append(message)
        provider_id = f"fake-{len(self._statuses) + 1}"
        self._statuses[provider_id] = Status.DELIVERED
        return result | {"id": provider_id}
