"""`Client`: sending, streams, operations, errors and closing."""

from __future__ import annotations

import asyncio
import copy
import pickle
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from support.adapters import KEY, TinyAdapter, texts, tiny
from support.audit import OutcomeJournal
from support.log_records import logged_fields
from support.servers import Act, Server, Visit, answer, stall
from support.toy import ToyAdapter, ToySettings

from omnimsg import (
    Accepted,
    AmbiguousError,
    Client,
    ConfigError,
    HistoryQuery,
    InvalidValue,
    Message,
    NotSent,
    NotSentError,
    OperationError,
    Reason,
    RejectedError,
    Retry,
    RetryPolicy,
    Scope,
    Secret,
    SendError,
    Status,
    Stored,
    Unsupported,
)
from omnimsg.adapter import Account
from omnimsg.engine.sending import stream

if TYPE_CHECKING:
    from omnimsg import Outcome

pytestmark = pytest.mark.anyio

NOW = RetryPolicy(base=0)


async def accept(visit: Visit) -> None:
    """Accept every message of the request."""
    body = orjson.loads(visit.received.body)
    said = [{"ref": each["ref"], "id": f"id-{each['ref']}"} for each in body["messages"]]
    await answer(200, orjson.dumps({"results": said}))(visit)


def say(ref: str, error: str) -> Act:
    """Answer with an error for one message."""
    return answer(200, orjson.dumps({"results": [{"ref": ref, "error": error}]}))


def client_of(*servers: Server, **more: Any) -> Client:
    """Build a client with an account for each server, called `a`, `b`, ..."""
    adapters = [
        tiny(server.url, name=name) for name, server in zip("abcdef", servers, strict=False)
    ]
    return Client(adapters, default="a", retry=NOW, **more)


async def test_send_returns_an_outcome_with_an_id() -> None:
    """`send` returns an outcome whose id has the account and the provider's id."""
    async with Server(accept) as server, client_of(server) as client:
        accepted = await client.send(texts(1)[0])

    assert "a:id-r0" == str(accepted.id)
    assert accepted.position is None


@pytest.mark.parametrize(
    ("act", "error", "retry"),
    [
        (say("r0", "no-such-number"), RejectedError, Retry.NEVER),
        (say("r0", "slow-down"), NotSentError, Retry.SAFE),
        (say("r0", "no-money"), NotSentError, Retry.AFTER_FIX),
        (say("r0", "who-knows"), AmbiguousError, Retry.UNSAFE),
        (answer(500), AmbiguousError, Retry.UNSAFE),
        (answer(401), NotSentError, Retry.AFTER_FIX),
    ],
)
async def test_send_raises_the_matching_error(
    act: Act, error: type[SendError], retry: Retry
) -> None:
    """`send` raises the outcome's error, which can be pickled and shows neither number nor text."""
    async with Server(act) as server, client_of(server) as client:
        with pytest.raises(error) as caught:
            await client.send(texts(1)[0])

    assert retry is caught.value.retry
    assert ("r0", "a") == (caught.value.reference, caught.value.account)
    assert str(caught.value) == str(pickle.loads(pickle.dumps(caught.value)))  # noqa: S301 - our own
    assert "37255" not in str(caught.value)


async def test_a_line_of_the_log_names_account_and_provider(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log line of an opened circuit has account, provider and failure as fields.

    The account was added after the client was built.
    """
    async with Server(answer(401)) as server, client_of(server) as client:
        client.add_account(tiny(server.url, name="late"))
        for message in texts(2):
            with pytest.raises(NotSentError):
                await client.send(message, account="late")

    (record,) = [each for each in caplog.records if each.name == "omnimsg.engine"]
    assert {
        "account": "late",
        "provider": "tiny",
        "subject": "account 'late'",
        "reason": "unauthorized",
        "http_status": 401,
        "wait": 5.0,
    } == logged_fields(record)


async def test_an_unsupported_message_makes_no_request() -> None:
    """A message with an unsupported field is refused without a request, with the field's name."""
    message = Message("+37255500001", "hello", tags=("a",))
    async with Server(accept) as server, client_of(server) as client:
        with pytest.raises(NotSentError) as caught:
            await client.send(message)

    assert (Reason.UNSUPPORTED, "tags") == (caught.value.reason, caught.value.failure.path)
    assert [] == server.requests


async def test_only_messages_are_sent() -> None:
    """`send` raises `TypeError` for anything but a message."""
    async with Client([tiny(name="a")]) as client:
        with pytest.raises(TypeError, match="only a Message can be sent, not str"):
            await client.send("+37255500001")  # type: ignore[arg-type]  # on purpose


async def test_a_message_goes_through_the_named_or_the_default_account() -> None:
    """A message is sent through the named account, else through the default account."""
    async with (
        Server(accept) as first,
        Server(accept) as second,
        client_of(first, second) as client,
    ):
        await client.send(texts(1)[0])
        await client.send(texts(1, start=1)[0], account="b")
        outcomes = [each async for each in client.send_many(texts(3), account="b")]

    assert (1, 2) == (len(first.requests), len(second.requests))
    assert {"b"} == {each.account for each in outcomes}


@pytest.mark.parametrize("name", ["c", "", "A"])
async def test_every_method_refuses_an_unknown_account(name: str) -> None:
    """Every method refuses an unknown account and names the known ones, without a request."""
    async with Client([tiny(name="a"), tiny(name="b")], default="a") as client:
        stored = Stored(account="nobody", id="1")
        with pytest.raises(ConfigError, match=f"no account '{name}': must be one of a, b"):
            await client.send(texts(1)[0], account=name)
        for call in (partial(client.send_many, []), client.history):
            with pytest.raises(ConfigError, match="must be one of a, b"):
                call(account=name)
        for wait in (client.status("nobody:1"), client.mark_read(["nobody:1"])):
            with pytest.raises(ConfigError, match="no account 'nobody'"):
                await wait
        with pytest.raises(ConfigError, match="no account 'nobody'"):
            await client.download(stored)


@pytest.mark.parametrize(
    ("adapters", "default", "expected"),
    [
        ([], None, "a client needs at least one account"),
        ([tiny(name="a"), tiny(name="a")], None, "two accounts are called 'a'"),
        ([tiny(name="a"), tiny(name="b")], None, "name the default account: a, b"),
        ([tiny(name="a")], "b", "no account 'b': must be one of a"),
    ],
)
def test_an_invalid_set_of_accounts_is_refused(
    adapters: list[TinyAdapter], default: str | None, expected: str
) -> None:
    """A client without accounts, with duplicate names or without a valid default is refused."""
    with pytest.raises(ConfigError, match=expected):
        Client(adapters, default=default)


def test_a_client_shows_its_accounts() -> None:
    """The client's repr names its accounts; `accounts` has their adapters; neither shows a key."""
    client = Client([tiny(name="a")])

    assert "Client(accounts=['a'], default='a')" == repr(client)
    assert 100 == client.accounts["a"].capabilities.max_messages
    assert KEY not in repr(client.accounts)


async def test_a_send_that_is_cancelled_before_it_leaves_does_not_leave() -> None:
    """A send cancelled before its request leaves is not sent, and the others of its batch are."""
    diary = OutcomeJournal()
    async with Server(accept) as server, client_of(server, journal=diary) as client:
        sending = [asyncio.create_task(client.send(each)) for each in texts(3)]
        await asyncio.sleep(0)
        sending[1].cancel()
        kinds = await asyncio.gather(*sending, return_exceptions=True)

    assert [Accepted, asyncio.CancelledError, Accepted] == [type(each) for each in kinds]
    assert ["r0", "r2"] == [each.reference for each in diary.outcomes]


async def test_what_has_left_goes_on_without_its_caller() -> None:
    """A send cancelled after its request left goes on, and the journal gets its outcome."""
    diary, go = OutcomeJournal(), asyncio.Event()

    async def slowly(visit: Visit) -> None:
        await go.wait()
        await accept(visit)

    async with Server(slowly) as server, client_of(server, journal=diary) as client:
        sending = asyncio.create_task(client.send(texts(1)[0]))
        await server.arrived.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        go.set()

    assert ["accepted"] == [each.kind for each in diary.outcomes]


@pytest.mark.parametrize("left", [False, True])
async def test_closing_records_requests_under_way_as_unsent_or_ambiguous(left: bool) -> None:
    """On closing, a request before its first byte is not sent, and one after it is ambiguous."""
    diary = OutcomeJournal()
    async with Server(stall, connecting=None if left else stall) as server:
        url = server.url if left else server.url.replace("http:", "https:")
        client = Client([tiny(url)], journal=diary, retry=NOW)
        sending = asyncio.create_task(client.send(texts(1)[0]))
        if left:
            await server.arrived.wait()
        else:
            # The TLS handshake is never answered, so no byte of the request can leave.
            await server.met.wait()
        await client.aclose(deadline=0)
        with pytest.raises(
            AmbiguousError if left else NotSentError, match="cancelled: the client was closed"
        ):
            await sending

    assert ["ambiguous" if left else "not_sent"] == [each.kind for each in diary.outcomes]
    assert {Reason.CANCELLED} == {
        each.reason for each in diary.outcomes if not isinstance(each, Accepted)
    }


async def test_leaving_a_stream_records_what_was_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On leaving a stream, requests without an answer are recorded, each message at most once."""
    monkeypatch.setattr(stream, "CLOSE_TIMEOUT", 0.02)
    diary = OutcomeJournal()
    async with Server(accept, stall) as server:
        client = client_of(server, journal=diary)
        async with aclosing(client.send_many(texts(1000))) as outcomes:
            await anext(outcomes)
        await client.aclose(deadline=0)

    kinds = [each.kind for each in diary.outcomes]
    assert 100 == kinds.count("accepted")
    assert {"accepted", "ambiguous", "not_sent"} >= set(kinds)
    assert len(diary.outcomes) == len({each.reference for each in diary.outcomes})


async def test_closing_during_a_stream_loses_nothing() -> None:
    """Closing during a stream waits for answers; unsent messages are `NotSent`; the stream ends."""
    go = asyncio.Event()

    async def slowly(visit: Visit) -> None:
        await go.wait()
        await accept(visit)

    async with Server(slowly) as server:
        client = client_of(server)

        async def run() -> list[Outcome]:
            return [each async for each in client.send_many(texts(5000))]

        running = asyncio.create_task(run())
        await server.arrived.wait()
        closing = asyncio.create_task(client.aclose())
        await asyncio.sleep(0)
        go.set()
        await closing
        outcomes = await running

    assert 5000 == len({each.reference for each in outcomes})
    assert {Accepted, NotSent} == {type(each) for each in outcomes}
    rest = [each for each in outcomes if isinstance(each, NotSent)]
    assert {(Reason.CANCELLED, Scope.ACCOUNT)} == {(each.reason, each.scope) for each in rest}
    assert 100 * len(server.requests) == len(outcomes) - len(rest)


async def test_a_closed_client_sends_nothing() -> None:
    """A closed client refuses to send, and can be closed twice."""
    async with Server(accept) as server:
        client = client_of(server)
        await client.send(texts(1)[0])
        await client.aclose()
        await client.aclose()

        with pytest.raises(NotSentError, match="the client is closed"):
            await client.send(texts(1, start=1)[0])

    assert 1 == len(server.requests)


async def test_many_tasks_share_a_client_and_its_requests() -> None:
    """Fifty concurrent sends share one request, and each caller gets its own outcome."""
    async with Server(accept) as server, client_of(server) as client:
        accepted = await asyncio.gather(*(client.send(each) for each in texts(50)))

    assert [f"r{number}" for number in range(50)] == [each.reference for each in accepted]
    assert 1 == len(server.requests)


def items(*ids: str, following: str | None = None) -> Act:
    """Answer with a page of history."""
    return answer(200, orjson.dumps({"items": ids, "next": following}))


async def test_history_goes_from_page_to_page() -> None:
    """`history` fetches pages on demand, and an empty page is not the end."""
    pages = items("1", "2", following="p2"), items(following="p3"), items("3")
    async with Server(*pages) as server, client_of(server) as client:
        history = client.history(HistoryQuery())
        first = await anext(history)
        asked = len(server.requests)
        rest = [each async for each in history]

    assert ["a:1", "a:2", "a:3"] == [str(each.id) for each in (first, *rest)]
    assert 1 == asked
    assert ["/messages", "/messages?page=p2", "/messages?page=p3"] == [
        each.line.split()[1] for each in server.requests
    ]


async def test_a_page_that_leads_to_itself_is_the_last() -> None:
    """`history` ends if the provider returns the same page token again."""
    async with Server(items("1", following="p2")) as server, client_of(server) as client:
        found = [each async for each in client.history()]

    assert 2 == len(found) == len(server.requests)


async def test_a_page_that_leads_back_is_the_last() -> None:
    """`history` ends if the provider returns a page token that it has returned before."""
    pages = [items(each, following=f"p{each}") for each in ("1", "2", "1")]
    async with Server(*pages) as server, client_of(server) as client:
        found = [each async for each in client.history()]

    assert 3 == len(found) == len(server.requests)


async def test_a_failed_page_raises_after_the_pages_before_it() -> None:
    """`history` raises for a page that fails, after it has yielded the pages before it."""
    async with (
        Server(items("1", following="p2"), answer(404)) as server,
        client_of(server) as client,
    ):
        history = client.history()
        await anext(history)
        with pytest.raises(OperationError, match="history through account 'a' failed") as caught:
            await anext(history)

    assert Reason.MISCONFIGURED is caught.value.reason


async def test_an_unsupported_operation_names_the_providers_that_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An unsupported operation raises an error that names the providers that support it."""
    monkeypatch.setattr("omnimsg.config.plugins.provider_names", lambda: ["tiny", "toy"])
    monkeypatch.setattr(
        "omnimsg.config.plugins.load_adapter", {"tiny": TinyAdapter, "toy": ToyAdapter}.__getitem__
    )
    async with Client([tiny(name="a")]) as client:
        with pytest.raises(Unsupported) as caught:
            await client.status("a:1")
        with pytest.raises(Unsupported, match="no operation 'interactions'"):
            client.interactions("a:1")

    assert "account 'a': tiny has no operation 'status'; it is offered by toy" == str(caught.value)


async def test_an_operation_that_no_provider_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """If no installed provider supports an operation, the error says so, despite broken plugins."""
    monkeypatch.setattr("omnimsg.config.plugins.provider_names", lambda: ["broken", "tiny"])

    def load(provider: str) -> type[TinyAdapter]:
        if provider == "broken":
            raise ConfigError("it is broken")
        return TinyAdapter

    monkeypatch.setattr("omnimsg.config.plugins.load_adapter", load)
    async with Client([tiny(name="a")]) as client:
        with pytest.raises(Unsupported, match="no installed provider has it"):
            await client.status("a:1")


@pytest.mark.parametrize("text", ["", "1", "a:", ":1", "a b:1"])
async def test_an_invalid_id_is_refused(text: str) -> None:
    """An invalid message id is refused before any request."""
    async with Client([tiny(name="a")]) as client:
        for wait in (client.status(text), client.cancel(text), client.mark_read([text])):
            with pytest.raises(InvalidValue, match="account:provider-id"):
                await wait
        with pytest.raises(InvalidValue, match="account:provider-id"):
            client.interactions(text)


LEFT = orjson.dumps({"left": "12.5"})


@pytest.mark.parametrize("fault", [answer(500), answer(503), answer(408), answer(429)])
async def test_a_read_is_repeated_after_a_temporary_failure(fault: Act) -> None:
    """A read-only operation is repeated after any temporary failure."""
    async with Server(fault, answer(200, LEFT)) as server, client_of(server) as client:
        balance = await client.balance()

    assert "12.5" == str(balance.amount)
    assert 2 == len(server.requests)


async def test_a_read_is_repeated_after_a_code_that_leaves_a_send_ambiguous() -> None:
    """A read-only operation is repeated after a code that would make a message ambiguous."""
    unsure = answer(500, b'{"error": "who-knows"}')
    unsure_but_200 = answer(200, b'{"error": "who-knows"}')
    async with (
        Server(unsure_but_200, unsure, answer(200, LEFT)) as server,
        client_of(server) as client,
    ):
        balance = await client.balance()

    assert "12.5" == str(balance.amount)
    assert 3 == len(server.requests)


@pytest.mark.parametrize(
    ("act", "reason", "requests"),
    [
        (answer(200, b"<html>"), Reason.INVALID_RESPONSE, 1),
        (answer(200, b"[]"), Reason.INVALID_RESPONSE, 1),
        (answer(200, b"{}"), Reason.UNKNOWN, 1),
        (answer(401), Reason.UNAUTHORIZED, 1),
        (answer(307), Reason.MISCONFIGURED, 1),
        (answer(500), Reason.PROVIDER_ERROR, 3),
        (answer(429, retry_after="60"), Reason.RATE_LIMITED, 1),
    ],
)
async def test_a_read_that_keeps_failing_raises(act: Act, reason: Reason, requests: int) -> None:
    """A failed operation raises its reason, and is repeated only if that can help."""
    async with Server(act) as server, client_of(server) as client:
        with pytest.raises(OperationError) as caught:
            await client.balance()

    assert reason is caught.value.reason
    assert requests == len(server.requests)
    assert str(caught.value) == str(copy.copy(caught.value))


async def test_an_operation_past_its_deadline_makes_no_request() -> None:
    """An operation whose deadline has passed makes no request."""
    async with Server(answer(200, LEFT)) as server, client_of(server) as client:
        with pytest.raises(OperationError) as caught:
            await client.balance(deadline=0)

    assert Reason.DEADLINE_EXCEEDED is caught.value.reason
    assert [] == server.requests


@pytest.mark.parametrize("fault", [answer(500), answer(503), answer(408), answer(409)])
async def test_a_cancellation_whose_answer_was_lost_is_not_repeated(fault: Act) -> None:
    """A cancellation whose answer was lost is not repeated."""
    async with Server(fault) as server, client_of(server) as client:
        with pytest.raises(OperationError) as caught:
            await client.cancel("a:1")

    assert Retry.UNSAFE is caught.value.retry
    assert 1 == len(server.requests)


async def test_a_cancellation_refused_with_a_429_is_repeated() -> None:
    """A cancellation that was refused with a 429 is repeated."""
    async with (
        Server(answer(429), answer(200, b'{"stopped": true}')) as server,
        client_of(server) as client,
    ):
        assert await client.cancel("a:1") is True

    assert 2 == len(server.requests)


async def test_an_adapter_that_breaks_while_it_reads_is_an_error_of_the_operation() -> None:
    """An exception of the adapter raises `OperationError` with its type, not its text."""
    async with Server(answer(200, b'{"left": "much"}')) as server, client_of(server) as client:
        with pytest.raises(OperationError, match="the adapter of tiny raised InvalidOperation"):
            await client.balance()

    assert 1 == len(server.requests)


async def test_status_media_info_and_interactions_call_the_adapter() -> None:
    """`status`, `media_info` and `interactions` call the adapter and return its values."""
    said = (
        answer(200, b'{"state": "there"}'),
        answer(200, b'{"public": true}'),
        answer(200, b'{"items": [{"id": "tap-1"}]}'),
    )
    async with Server(*said) as server:
        settings = ToySettings(key=Secret(KEY))
        adapter = ToyAdapter(Account(name="toy", settings=settings, base_url=server.url))
        async with Client([adapter], retry=NOW) as client:
            status = await client.status("toy:1")
            info = await client.media_info(Stored(account="toy", id="7"))
            taps = [each async for each in client.interactions("toy:1")]

    assert Status.DELIVERED is status.status
    assert info.broadcast_allowed is True
    assert ["tap-1"] == [each.provider_kind for each in taps]
    assert ["/texts/1", "/files/7", "/texts/1/taps"] == [
        each.line.split()[1] for each in server.requests
    ]


async def read(visit: Visit) -> None:
    """Mark every id of the request as read."""
    ids = orjson.loads(visit.received.body)["ids"]
    said = [{"ref": each, "id": f"read-{each}"} for each in ids]
    await answer(200, orjson.dumps({"results": said}))(visit)


async def test_ids_of_several_accounts_are_read_together() -> None:
    """`mark_read` returns outcomes in the order of the ids, and batches them by account."""
    ids = [f"{account}:{number}" for number in range(150) for account in "ab"]
    async with Server(read) as first, Server(read) as second, client_of(first, second) as client:
        outcomes = await client.mark_read(ids)

    assert ids == [f"{each.account}:{each.reference}" for each in outcomes]
    assert (2, 2) == (len(first.requests), len(second.requests))


async def test_mark_read_is_repeated_after_a_lost_answer() -> None:
    """`mark_read` is repeated after a lost answer."""
    async with Server(answer(500), read) as server, client_of(server) as client:
        (outcome,) = await client.mark_read(["a:1"])

    assert isinstance(outcome, Accepted)
    assert 2 == len(server.requests)


async def test_mark_read_past_its_deadline_makes_no_request() -> None:
    """`mark_read` with a passed deadline makes no request, and its outcome is `NotSent`."""
    async with Server(read) as server, client_of(server) as client:
        (outcome,) = await client.mark_read(["a:1"], deadline=0)

    assert isinstance(outcome, NotSent)
    assert Reason.DEADLINE_EXCEEDED is outcome.reason
    assert [] == server.requests


async def test_mark_read_with_an_unknown_account_marks_nothing() -> None:
    """`mark_read` with an unknown account makes no request for the other accounts either."""
    async with Server(read) as server, client_of(server) as client:
        with pytest.raises(ConfigError):
            await client.mark_read(["a:1", "b:1"])

    assert [] == server.requests
