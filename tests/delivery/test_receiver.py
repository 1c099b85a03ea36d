"""The receiver: what it refuses, how it answers, and what reaches the handlers."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.adapters import KEY, FakeTransport, TinyAdapter, tiny
from support.delivery import NUMBER
from support.log_records import logged_fields
from support.receiving import BODY, World
from support.reporting import PUBLIC_URL, Reporting, deliver, request, signed, written
from support.sending import settled
from support.virtual import VirtualLoop

from omnimsg import CallbackOptions, Client, ConfigError
from omnimsg.delivery.memory_suppression import MemorySuppression
from omnimsg.delivery.request import RefusedBecause
from omnimsg.domain.events import StatusEvent
from omnimsg.domain.opt_out import Keywords, OptOutRules
from omnimsg.domain.status import Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from omnimsg.adapter import Authenticity, Callback, Context
    from omnimsg.delivery.receiver import Receiver
    from omnimsg.delivery.request import CallbackRequest
    from omnimsg.domain.events import Event

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> World:
    """Return a client with a receiver."""
    return World()


async def test_a_genuine_callback_is_handled(world: World) -> None:
    """A genuine callback is handled and answered 204."""
    status = await world.ask(request(BODY))

    assert (204, 1, 1) == (status, world.receiver.handled, len(world.events))
    assert {} == world.receiver.refused


@pytest.mark.parametrize(
    ("how", "why", "status"),
    [
        ({"method": "GET"}, RefusedBecause.WRONG_METHOD, 405),
        ({"method": "PUT"}, RefusedBecause.WRONG_METHOD, 405),
        ({"method": "HEAD", "path": "/"}, RefusedBecause.WRONG_METHOD, 405),
        ({"path": "/callbacks/other"}, RefusedBecause.NO_SUCH_ACCOUNT, 404),
        ({"path": "/callbacks/main/a/b"}, RefusedBecause.NO_SUCH_ACCOUNT, 404),
        ({"path": "/callbacks/m%61in"}, RefusedBecause.NO_SUCH_ACCOUNT, 404),
        ({"path": "/callbacks/MAIN"}, RefusedBecause.NO_SUCH_ACCOUNT, 404),
        ({"path": "/"}, RefusedBecause.NO_SUCH_ACCOUNT, 404),
        ({"path": ""}, RefusedBecause.NO_SUCH_ACCOUNT, 404),
        ({"path": "*"}, RefusedBecause.NO_SUCH_ACCOUNT, 404),
        ({"is_signed": False}, RefusedBecause.NOT_GENUINE, 401),
        (
            {"is_signed": False, "headers": [signed(BODY, "another-key")]},
            RefusedBecause.NOT_GENUINE,
            401,
        ),
        ({"headers": [signed(BODY)]}, RefusedBecause.NOT_GENUINE, 401),
        (
            {"is_signed": False, "headers": [(b"tiny-signature", b"\xff\x00\xe4")]},
            RefusedBecause.NOT_GENUINE,
            401,
        ),
        ({"headers": [(b"content-length", b"999999999")]}, RefusedBecause.TOO_LARGE, 413),
        ({"headers": [(b"content-length", b"9" * 5000)]}, RefusedBecause.TOO_LARGE, 413),
    ],
    ids=str,
)
async def test_what_is_refused(
    world: World, how: dict[str, Any], why: RefusedBecause, status: int
) -> None:
    """An invalid request gets the documented status, and does not reach the handler."""
    assert status == await world.ask(request(BODY, **how))

    world.nothing_came_of(why, status)


@pytest.mark.parametrize("path", ["/main", "/a/b/c/main/", "/callbacks/main//", "main"])
async def test_what_comes_before_the_account_is_the_applications(world: World, path: str) -> None:
    """Any path before the account's name is accepted, wherever the receiver is mounted."""
    assert 204 == await world.ask(request(BODY, path=path))


async def test_a_secret_in_the_path_may_hold_any_character(world: World) -> None:
    """The last part of a path may hold characters beyond Latin-1, as aiohttp decodes UTF-8."""
    assert 204 == await world.ask(request(BODY, path="/callbacks/main/ключ"))


@pytest.mark.parametrize("length", [b"-1", b"1e9", b"", b"\xb2"])
async def test_an_invalid_content_length_is_ignored(world: World, length: bytes) -> None:
    """An invalid Content-Length is ignored; the bytes are counted instead."""
    assert 204 == await world.ask(request(BODY, headers=[(b"content-length", length)]))


def body_of(*pieces: bytes, then: BaseException | None = None) -> Any:
    """Return a function that yields the pieces of a body, and then raises an error if given."""

    async def read() -> AsyncIterator[bytes]:
        for each in pieces:
            yield each
        if then is not None:
            raise then

    return read


def with_body(body: Any) -> CallbackRequest:
    """Return a signed request with another body."""
    plain = request(BODY)
    return type(plain)(
        method=plain.method,
        path=plain.path,
        query=plain.query,
        headers=plain.headers,
        peer=plain.peer,
        body=body,
    )


async def test_a_body_comes_in_pieces(world: World) -> None:
    """A body may arrive in any pieces, empty ones too."""
    pieces = [BODY[index : index + 1] for index in range(len(BODY))]

    assert 204 == await world.ask(with_body(body_of(b"", *pieces, b"")))


async def test_a_large_body_is_not_read_to_its_end() -> None:
    """A body over the limit is refused without being read to its end."""
    world = World(body_limit=1000)
    read: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(1)
            yield b"x" * 100

    assert 413 == await world.ask(with_body(endless))

    assert 11 == len(read)
    world.nothing_came_of(RefusedBecause.TOO_LARGE, 413)


@pytest.mark.parametrize(("room", "status"), [(0, 204), (-1, 413)])
@pytest.mark.parametrize("how", ["in pieces", "whole", "announced"])
async def test_a_body_of_exactly_the_limit_is_taken(how: str, room: int, status: int) -> None:
    """A body of exactly the limit is accepted, one with a byte more is not, however it arrives."""
    world = World(body_limit=len(BODY) + room)
    length = [(b"content-length", str(len(BODY)).encode())] if how == "announced" else []
    asked = with_body(BODY) if how == "whole" else request(BODY, headers=length)

    assert status == await world.ask(asked)


async def test_a_body_that_never_ends_is_given_up() -> None:
    """A body that takes longer than the limit in total is refused, even if bytes keep arriving."""
    world = World(read_timeout=0.02)

    async def drips() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.001)
            yield b"x"

    assert 408 == await world.ask(with_body(drips))

    world.nothing_came_of(RefusedBecause.TOO_SLOW, 408)


@pytest.mark.parametrize("error", [ConnectionResetError(), ValueError("bad chunk"), EOFError()])
async def test_a_body_that_breaks_off_is_refused(world: World, error: Exception) -> None:
    """A body that breaks off is refused, whatever error the server raises."""
    assert 400 == await world.ask(with_body(body_of(BODY, then=error)))

    world.nothing_came_of(RefusedBecause.BROKEN_OFF, 400)


async def test_too_many_at_once_are_refused() -> None:
    """Requests over the backlog are refused until others have ended."""
    world = World(backlog=2, concurrency=1)
    gate = asyncio.Event()

    async def slow(_: Event) -> None:
        await gate.wait()

    world.client.receiver(slow)

    async def hold() -> AsyncIterator[bytes]:
        await gate.wait()
        yield BODY

    tasks = [asyncio.ensure_future(world.ask(with_body(hold))) for _ in range(2)]
    await settled()
    refused = [await world.ask(request(written({"text": "hello"}))) for _ in range(3)]
    gate.set()
    taken = await asyncio.gather(*tasks)

    assert ([503] * 3, [204] * 2) == (refused, taken)
    assert {RefusedBecause.TOO_MANY: 3} == world.receiver.refused
    assert 204 == await world.ask(request(BODY))


async def test_handlers_work_on_so_many_at_once() -> None:
    """Only so many requests are handled at once; forged ones are refused without waiting."""
    world = World(concurrency=3, has_handler=False)
    gate = asyncio.Event()
    at_once: list[int] = []
    working = 0

    async def slow(_: Event) -> None:
        nonlocal working
        working += 1
        at_once.append(working)
        await gate.wait()
        working -= 1

    world.client.receiver(slow)
    tasks = [
        asyncio.ensure_future(world.ask(request(written({"text": f"{number}"}))))
        for number in range(10)
    ]
    await settled()
    stranger = await asyncio.wait_for(world.ask(request(BODY, is_signed=False)), 20)
    gate.set()

    assert 401 == stranger
    assert [204] * 10 == await asyncio.gather(*tasks)
    assert 3 == max(at_once)


async def test_the_opt_out_words_of_the_client_count() -> None:
    """A reply that is an opt-out by the rules of the client is recorded."""
    suppression = MemorySuppression()
    client = Client(
        [tiny(kind=Reporting)],
        transport=lambda _: FakeTransport(),
        callbacks=CallbackOptions(public_url=PUBLIC_URL),
        suppression=suppression,
        opt_out_rules=OptOutRules(countries={"+372": Keywords(stop=["lõpeta"])}),
    )
    receiver = client.receiver(lambda _: None)

    status = await deliver(receiver, {"text": "Lõpeta!", "from": NUMBER})

    assert (204, True) == (status, NUMBER in suppression)


async def test_what_nobody_handles_comes_again() -> None:
    """Without a handler a status is accepted by the tracker, and a reply refused with 503."""
    world = World(has_handler=False)

    status = await world.ask(request(BODY))
    reply = await world.receiver.respond(request(written({"text": "hello"})))

    assert 204 == status
    assert (503, (("Retry-After", "5"),)) == (reply.status, reply.headers)
    assert {RefusedBecause.NOT_HANDLED: 1} == world.receiver.refused


async def test_every_receiver_adds_its_handler(world: World) -> None:
    """An event goes to the handlers of all calls of `receiver`, whichever receiver gets it."""
    more: list[Event] = []
    world.client.receiver(more.append)

    assert 204 == await world.ask(request(BODY))
    assert (1, more) == (len(more), world.events)


async def test_an_event_that_is_not_handled_stops_no_other_of_its_callback() -> None:
    """A reply without a handler is answered 503, and a report in the same callback is told.

    Bird reports reading so: an interaction, which may have no handler, and with it a status.
    """
    world, told = World(has_handler=False), []
    world.client.on_status(lambda change: told.append(change.status.status))
    both = request(written({"text": "hello"}, {"state": "read", "id": "m1"}))

    assert [503, 503] == [await world.ask(both), await world.ask(both)]
    assert [Status.READ] == told


async def hang() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


async def time_out() -> None:
    """Fail after 15 seconds, as a store with a time limit of its own."""
    await asyncio.sleep(15)
    raise TimeoutError


@pytest.mark.parametrize(
    ("fail", "failing", "handled", "seconds"),
    [
        (hang, range(100), 0, 40),
        (hang, range(10, 100), 10, 10 * 15 + 40),
        (time_out, range(100), 0, 45),
        (hang, [0], 99, 20 + 99 * 15),
        (hang, [], 100, 100 * 15),
    ],
)
def test_a_callback_is_given_up_when_its_failures_have_taken_long(
    fail: Callable[[], Awaitable[None]], failing: Sequence[int], handled: int, seconds: float
) -> None:
    """A callback of 100 events keeps its place for 40 seconds if all hang.

    It is given up after failures of twice `handler_timeout`; events that are handled take their
    time, and one that hangs alone stops no other.
    """
    loop = VirtualLoop()
    texts: list[str] = []

    async def handler(event: Event) -> None:
        text = event.raw["text"]
        if int(text) in failing:
            await fail()
        await asyncio.sleep(15)
        texts.append(text)

    async def story() -> int:
        world = World(has_handler=False, clock=loop, handler_timeout=20)
        world.client.receiver(handler)
        return await world.ask(request(written(*({"text": f"{each}"} for each in range(100)))))

    began = loop.now
    status = loop.drive_to_end(story())

    assert (503 if failing else 204, handled) == (status, len(texts))
    assert seconds == pytest.approx(loop.now - began, abs=0.1)


async def test_a_handler_over_its_time_limit_is_named_so_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log names the setting that ended a slow handler, and not a line of asyncio's."""
    world = World(has_handler=False, handler_timeout=0.01)

    async def slow(_: Event) -> None:
        await asyncio.sleep(60.0)

    world.client.receiver(slow)

    assert 503 == await world.ask(request(BODY))
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "(handler_timeout: it took longer than 0.01 s)" in record.getMessage()


async def test_what_is_not_handled_is_logged_without_its_text(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A handler's error is logged by its type and place, without its text."""
    number = "+37255500001"

    def fails(_: Event) -> None:
        raise LookupError(f"no customer with {number}")

    world.client.receiver(fails)

    assert 503 == await world.ask(
        request(written({"text": "Your very private text", "from": number}))
    )

    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "account 'main' was not handled (LookupError in fails," in record.getMessage()
    assert {
        "account": "main",
        "provider": "tiny",
        "refused_because": "not_handled",
        "http_status": 503,
    } == logged_fields(record)


async def test_a_cancellation_of_something_else_is_a_failure(world: World) -> None:
    """A CancelledError that a handler raises by itself is a failure: the answer is 503."""

    def waits_in_vain(_: Event) -> None:
        raise asyncio.CancelledError

    world.client.receiver(waits_in_vain)

    assert 503 == await world.ask(request(written({"text": "hello"})))
    assert {RefusedBecause.NOT_HANDLED: 1} == world.receiver.refused


async def test_one_event_that_fails_brings_all_of_its_body_again(world: World) -> None:
    """If one event of a body fails, the repeated body is handled except for its handled events."""
    seen: list[str] = []
    outcomes = iter([None, LookupError(), None])

    def handle(event: Event) -> None:
        seen.append(event.raw["text"])
        error = next(outcomes)
        if error is not None:
            raise error

    world = World(has_handler=False)
    world.client.receiver(handle)
    entries = [{"text": "first"}, {"text": "second"}]

    statuses = [await deliver(world.receiver, *entries) for _ in range(2)]

    assert [503, 204] == statuses
    assert ["first", "second", "second"] == seen


async def test_a_recorded_callback_is_dropped(world: World) -> None:
    """A replayed callback is answered 204 and not handled again."""
    statuses = [await world.ask(request(written({"text": "STOP"}))) for _ in range(3)]

    assert [204] * 3 == statuses
    assert 1 == len(world.events)


@pytest.mark.parametrize("body", [b"", b"null", b"\xff\xfe\x00", b"[" * 5000, b'{"events": [{}]}'])
async def test_what_is_signed_and_unknown_is_kept(world: World, body: bytes) -> None:
    """A signed callback that cannot be parsed is handled as an unparsed event."""
    assert 204 == await world.ask(request(body))

    assert ["unparsed"] == [each.kind for each in world.events]


class Raising(Reporting):
    """An adapter that breaks its contract."""

    where = ""

    def verify(self, callback: Callback, context: Context) -> Authenticity:
        """Raise, return an invalid value, or verify as usual."""
        if self.where == "verify":
            raise LookupError("+37255500001")
        if self.where == "none":
            return None  # type: ignore[return-value]
        return super().verify(callback, context)

    def parse(self, callback: Callback, context: Context) -> Any:
        """Raise an error."""
        raise LookupError("+37255500001")


@pytest.mark.parametrize(("where", "status"), [("verify", 503), ("parse", 503), ("none", 401)])
async def test_an_adapter_that_breaks_its_contract_lets_nothing_in(
    where: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A callback is refused whatever error or value an adapter returns against its contract."""
    monkeypatch.setattr(Raising, "where", where)
    world = World(kind=Raising)

    assert status == await world.ask(request(BODY))

    assert [] == world.events
    assert 0 == world.receiver.handled


async def test_whoever_is_cancelled_takes_no_place_with_them() -> None:
    """A cancelled request ends as cancelled, and frees its place in the backlog."""
    world = World(backlog=1, has_handler=False)
    gate = asyncio.Event()

    async def slow(_: Event) -> None:
        await gate.wait()

    world.client.receiver(slow)
    task = asyncio.ensure_future(world.ask(request(written({"text": "hello"}))))
    await settled()
    task.cancel()
    await asyncio.wait([task])
    gate.set()

    assert task.cancelled()
    assert {} == world.receiver.refused
    assert 204 == await world.ask(request(written({"text": "hello"})))


class Weak(Reporting):
    """An adapter whose key is too weak for callbacks."""

    def callback_problem(self) -> str | None:
        """Return the problem of the key."""
        return "needs a longer `key`"


def build(*adapters: TinyAdapter, **options: Any) -> Receiver:
    """Return a receiver for adapters and callback options."""
    client = Client(
        adapters,
        default="main",
        transport=lambda _: FakeTransport(),
        callbacks=CallbackOptions(**options),
    )
    return client.receiver()


async def test_a_receiver_that_could_verify_nothing_is_not_built() -> None:
    """A receiver that could not verify is not built; the error names each problem, no secret."""
    with pytest.raises(ConfigError) as weak:
        build(tiny(kind=Weak), tiny(kind=Reporting, name="good"))
    with pytest.raises(ConfigError) as silent:
        build(tiny(), public_url=PUBLIC_URL)
    with pytest.raises(ConfigError) as of_none:
        World().client.receiver(accounts=[])

    assert (
        "callbacks cannot be received:\n  accounts.main needs a longer `key`\n"
        "  callbacks.public_url is missing"
    ) in str(weak.value)
    assert KEY not in str(weak.value)
    assert "no account has a provider whose callbacks omnimsg reads" == str(silent.value)
    assert str(silent.value) == str(of_none.value)


async def test_a_receiver_that_is_not_built_registers_no_handler() -> None:
    """A handler counts only once its receiver is built, so that the call can be repeated."""
    world = World(has_handler=False)
    with pytest.raises(ConfigError):
        world.client.receiver(world.events.append, accounts=[])
    world.client.receiver(world.events.append)

    await world.ask(request(BODY))

    assert 1 == len(world.events)


async def test_accounts_that_call_nobody_are_left_out() -> None:
    """Accounts without callbacks are left out of a receiver."""
    receiver = build(tiny(kind=Reporting), tiny(name="silent"), public_url=PUBLIC_URL)

    assert ("main",) == receiver.accounts
    assert 404 == (await receiver.respond(request(BODY, path="/callbacks/silent"))).status


class Quoting(Reporting):
    """Tiny whose reports name a recipient, and quote it."""

    def event(self, entry: dict[str, Any], callback: Callback, context: Context) -> Event:
        """Read one report."""
        report = super().event(entry, callback, context)
        assert isinstance(report, StatusEvent)
        leg = attrs.evolve(report.leg, detail=entry["why"])
        return attrs.evolve(report, leg=leg, recipient=entry["to"])


@pytest.mark.parametrize(
    ("to", "why", "shown"),
    [
        (NUMBER, f"msisdn{NUMBER[1:]} is barred", "msisdn372******01 is barred"),
        (None, "barred", "barred"),
        (None, f"who is {KEY}?", "who is …?"),
        (NUMBER, "", ""),
    ],
)
async def test_the_words_of_a_report_show_nothing_private(
    to: str | None, why: str, shown: str
) -> None:
    """A report's `detail` has neither credentials nor the recipient that the report names."""
    world = World(kind=Quoting)

    await world.ask(request(written({"state": "failed", "id": "m1", "to": to, "why": why})))

    (report,) = world.events
    assert isinstance(report, StatusEvent)
    assert shown == report.leg.detail
