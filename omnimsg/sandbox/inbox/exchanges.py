"""`Exchanges`: the latest requests with their answers, their messages and their refusals."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
from aiohttp import web

from omnimsg.json_codec import JSONDecodeError, loads
from omnimsg.sandbox.capacity import MEBIBYTE
from omnimsg.sandbox.display import Error
from omnimsg.sandbox.handsets import handset_key
from omnimsg.sandbox.inbox.masking import (
    curl_command,
    kept_body,
    mask_headers,
    mask_target,
    show_body,
)
from omnimsg.sandbox.responses import body_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.sandbox.display import Display
    from omnimsg.sandbox.message_records import MessageRecord

MAX_BYTES: Final = 32 * MEBIBYTE
"""The limit of all kept bodies together; the oldest requests are evicted first."""


@attrs.frozen(kw_only=True)
class Refusal:
    """A recipient who was sent nothing, because the request or the message was refused.

    Attributes:
        exchange: The id of the request.
        position: The index among the recipients of the request.
        code: The provider's error code, or the HTTP status of the answer.
        reason: The provider's text, or that of the request log.
        why: The text of the request log, which is more detailed than a provider's.
    """

    exchange: int
    position: int
    provider: str
    channel: str | None
    to: str
    text: str
    at: float
    code: str | None
    reason: str
    why: str | None


@attrs.define(kw_only=True, eq=False)
class Exchange:
    """A request and its answer.

    Attributes:
        id: The number of the request; it keeps counting after a reset.
        entry: The line of the request log, which is completed with the answer.
        body: The kept part of the request's body; ``size`` is that of the whole body.
        messages: The ids of the messages that the request has accepted or changed.
    """

    id: int
    provider: str
    at: float
    entry: Mapping[str, Any]
    scheme: str
    host: str
    target: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    content_type: str
    body: bytes = attrs.field(default=b"", repr=False)
    size: int = 0
    is_cut: bool = False
    answer_headers: tuple[tuple[str, str], ...] = ()
    answer: bytes = attrs.field(default=b"", repr=False)
    answer_size: int = 0
    is_answer_cut: bool = False
    messages: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether the request, or one of its messages, was refused."""
        status = self.entry["status"]
        return self.entry["refused"] is not None or (status is not None and status >= 400)

    @property
    def kept(self) -> int:
        """How many bytes of both bodies are kept."""
        return len(self.body) + len(self.answer)

    def line(self) -> dict[str, Any]:
        """Return the data for a list of requests."""
        return {"id": self.id, "provider": self.provider, **self.entry}

    def as_json(self) -> dict[str, Any]:
        """Return the request and the answer without credentials."""
        headers = mask_headers(self.headers.items())
        body = show_body(self.content_type, self.body, self.size, is_cut=self.is_cut)
        url = mask_target(f"{self.scheme}://{self.host}{self.target}")
        # A response with these headers parses the content type as the sent one did.
        answer_type = web.Response(headers=self.answer_headers).content_type
        answer = show_body(answer_type, self.answer, self.answer_size, is_cut=self.is_answer_cut)
        return {
            **self.line(),
            "target": mask_target(self.target),
            "request": {"headers": headers, **attrs.asdict(body)},
            "response": {"headers": mask_headers(self.answer_headers), **attrs.asdict(answer)},
            "curl": curl_command(self.entry["method"], url, headers, body),
            "messages": list(self.messages),
        }


class Exchanges:
    """The latest requests to the emulators.

    Args:
        max_exchanges: How many requests are kept.
    """

    def __init__(self, max_exchanges: int) -> None:
        self._max_exchanges = max_exchanges
        self._kept: OrderedDict[int, Exchange] = OrderedDict()
        self._bytes = 0
        self._last_id = 0
        self.revision: int = 0

    def begin(
        self, request: web.Request, provider: str, at: float, entry: Mapping[str, Any]
    ) -> Exchange:
        """Record a request.

        Args:
            request: The request; its body is not read.
            provider: The name of the emulator that answers.
            at: Epoch seconds.
            entry: The line of the request in the request log.
        """
        self._last_id += 1
        exchange = Exchange(
            id=self._last_id,
            provider=provider,
            at=at,
            entry=entry,
            scheme=request.scheme,
            host=request.host,
            target=request.path_qs,
            headers=request.headers,
            content_type=request.content_type,
        )
        self._kept[exchange.id] = exchange
        self.revision += 1
        self._evict()
        return exchange

    def end(
        self,
        exchange: Exchange,
        request: web.Request,
        body: bytes,
        response: web.StreamResponse,
        *,
        records: Sequence[MessageRecord],
        display: Display,
    ) -> None:
        """Record the answer, and the messages that the request has accepted or changed."""
        answer = body_of(response)
        exchange.size = request.content_length or len(body)
        exchange.answer_size = len(answer)
        exchange.answer_headers = (*response.headers.items(),)
        exchange.messages = tuple([record.id for record in records])
        if exchange.is_refused:
            reached = {handset_key(record.to) for record in records}
            exchange.refusals = tuple(_refusals(exchange, body, answer, display, reached))
        if exchange.id in self._kept:
            exchange.body, exchange.is_cut = kept_body(body)
            exchange.answer, exchange.is_answer_cut = kept_body(answer)
            self._bytes += exchange.kept
        self.revision += 1
        self._evict()

    def get(self, exchange_id: int) -> Exchange | None:
        """Return a request, None if it is unknown or evicted."""
        return self._kept.get(exchange_id)

    def by_message(self) -> dict[tuple[str, str], int]:
        """Return the id of the latest request about each message, by provider and message id."""
        return {
            (exchange.provider, message_id): exchange.id
            for exchange in self._kept.values()
            for message_id in exchange.messages
        }

    def clear(self) -> None:
        """Remove all requests."""
        self._kept.clear()
        self._bytes = 0
        self.revision += 1

    def __iter__(self) -> Iterator[Exchange]:
        """Iterate over the requests, the latest first."""
        return reversed(self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)

    def _evict(self) -> None:
        while len(self._kept) > self._max_exchanges or (
            self._bytes > MAX_BYTES and len(self._kept) > 1
        ):
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.kept


async def arrived_body(exchange: Exchange, request: web.Request) -> bytes:
    """Return the body; empty if it has not arrived completely, or is a multipart form."""
    if not request.content.is_eof() or exchange.content_type.startswith("multipart/"):
        return b""
    try:
        return await request.read()
    except (web.HTTPRequestEntityTooLarge, web.RequestPayloadError):
        return b""


def _decoded(data: bytes) -> Any:  # noqa: ANN401 - JSON data
    try:
        return loads(data)
    except JSONDecodeError:
        return None


def _refusals(
    exchange: Exchange, body: bytes, answer: bytes, display: Display, reached: Container[str]
) -> Iterator[Refusal]:
    """Yield the refused recipients: those with an error in the answer, or else all of them.

    A recipient whose message was accepted is left out, because the refusal is only a fault in the
    answer.
    """
    attempts = display.attempts(_decoded(body), exchange.target.partition("?")[0])
    errors = display.errors(_decoded(answer), len(attempts))
    status = exchange.entry["status"]
    if status >= 400 and not any(errors):
        # The answer has no error of the provider, as after a fault: use the request log's text.
        words = Error(str(status), str(exchange.entry["refused"]))
        errors = [None if handset_key(each.to) in reached else words for each in attempts]
    for position, (attempt, error) in enumerate(zip(attempts, errors, strict=True)):
        if error is not None and attempt.to:
            yield Refusal(
                exchange=exchange.id,
                position=position,
                provider=exchange.provider,
                channel=attempt.channel,
                to=attempt.to,
                text=attempt.text,
                at=exchange.at,
                code=error.code,
                reason=error.text,
                why=exchange.entry["refused"],
            )
