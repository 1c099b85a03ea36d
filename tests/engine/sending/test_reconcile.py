"""`RESEND_IF_NOT_FOUND`: a doubtful message is looked up before it is resent; virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import orjson
import pytest
from support.adapters import FakeTransport, Listing, references, results, texts, tiny
from support.audit import Book, outcome_of
from support.routed import Routed
from support.virtual import VirtualLoop

from omnimsg import (
    Accepted,
    Ambiguous,
    Client,
    ConfigError,
    Limits,
    Message,
    Observer,
    OnAmbiguous,
    Outcome,
    OutcomeKnown,
    Policy,
    RetryEvent,
    RetryPolicy,
    SendError,
)
from omnimsg.adapter import Request, Response
from omnimsg.sandbox import config

if TYPE_CHECKING:
    from collections.abc import Awaitable

LONG = 1000.0
TWICE = RetryPolicy(attempts=2, base=0)
Reply: TypeAlias = "Response | Awaitable[Response]"


def said(word: str) -> Response:
    """Build the answer to a look-up."""
    if word == "down":
        return Response(503, b"")
    document = {"there": word != "absent", **({"ref": "r99"} if word == "another" else {})}
    return Response(200, orjson.dumps(document))


@attrs.define
class World:
    """A provider, and what was asked of it.

    Attributes:
        sends: The result of all messages of each request in turn; then "ok".
        looks: The result of each look-up in turn; then "absent".
        looked: The time of each look-up, seconds from the start, and its message.
        sent: The time of each request, and its messages.
        events: The events passed to `on_retry`.
        book: The journal.
    """

    sends: Iterator[str] | Callable[[Request], Reply]
    looks: Iterator[str]
    looked: list[tuple[float, str]] = attrs.field(factory=list)
    sent: list[tuple[float, list[str]]] = attrs.field(factory=list)
    events: list[RetryEvent] = attrs.field(factory=list)
    book: Book = attrs.field(factory=Book)
    asked: list[Request] = attrs.field(factory=list)
    _loop: VirtualLoop = attrs.field(factory=VirtualLoop)

    def __attrs_post_init__(self) -> None:
        """Start the clock at 0."""
        self._loop.now = 0.0

    def reply(self, request: Request) -> Reply:
        """Answer a request."""
        now = self._loop.now
        if request.method == "GET":
            self.asked.append(request)
            self.looked.append((now, dict(request.query)["ref"]))
            word = next(self.looks, "absent")
            return self._absent_later() if word == "absent later" else said(word)
        batch = references(request)
        self.sent.append((now, batch))
        if callable(self.sends):
            return self.sends(request)
        return results(dict.fromkeys(batch, next(self.sends, "ok")))

    async def _absent_later(self) -> Response:
        await asyncio.sleep(200)
        return said("absent")

    def live(self, story: Callable[[Client], Awaitable[Any]], **policy: Any) -> Any:
        """Run a story with a client."""

        async def told() -> Any:
            wire = FakeTransport(self.reply)
            decided = {
                "retry": RetryPolicy(base=0),
                "on_ambiguous": OnAmbiguous.RESEND_IF_NOT_FOUND,
                **policy,
            }
            client = Client(
                [tiny(kind=Listing)],
                policies={"main": Policy(**decided)},
                journal=self.book,
                on_retry=self.events.append,
                transport=lambda _: wire,
                clock=self._loop,
            )
            try:
                return await story(client)
            finally:
                await client.aclose()

        with closing(self._loop):
            return self._loop.drive(told())

    def now(self) -> float:
        """Return the seconds since the start."""
        return self._loop.now

    def utc_now(self) -> datetime:
        """Return the time of day."""
        return self._loop.utc_now()


def world(
    looks: Sequence[str] = (), sends: Sequence[str] | Callable[[Request], Reply] = ("who-knows",)
) -> World:
    """Build a provider whose first answer to a send leaves a doubt."""
    return World(sends if callable(sends) else iter(sends), iter(looks))


async def call(client: Client, message: Message, deadline: float = LONG) -> Outcome:
    """Send one message."""
    try:
        return await client.send(message, deadline=deadline)
    except SendError as error:
        return outcome_of(error)


def one(place: World, deadline: float = LONG, **policy: Any) -> Outcome:
    """Send one message, return its outcome, and check that the journal has the same."""
    outcome: Outcome = place.live(lambda client: call(client, texts(1)[0], deadline), **policy)
    recorded = place.book.last("r0")
    assert recorded is not None
    assert recorded.kind == outcome.kind
    return outcome


def test_what_is_found_at_once_was_accepted() -> None:
    """A doubtful message found at once is accepted with the provider's id and not resent."""
    place = world(["there"])

    outcome = one(place)

    assert isinstance(outcome, Accepted)
    assert "listed" == outcome.provider_id
    assert ([(0.0, "r0")], [(0.0, ["r0"])], []) == (place.looked, place.sent, place.events)


def test_what_is_found_later_was_accepted() -> None:
    """A doubtful message found by the second look-up is accepted; `on_retry` announces it."""
    place = world(["absent", "there"])

    outcome = one(place)

    assert isinstance(outcome, Accepted)
    assert [0.0, 120.0] == [when for when, _ in place.looked]
    assert 1 == len(place.sent)
    (event,) = place.events
    assert (True, 120.0, 2, 3, ("r0",), ()) == (
        event.is_look_up,
        event.wait,
        event.attempt,
        event.attempts,
        event.references,
        event.doubtful,
    )


def test_what_is_missing_twice_is_sent_again() -> None:
    """A message missing in two look-ups two minutes apart is resent; `on_retry` names it."""
    place = world(["absent", "absent"])

    outcome = one(place)

    assert isinstance(outcome, Accepted)
    assert "id-r0" == outcome.provider_id
    assert [(0.0, ["r0"]), (120.0, ["r0"])] == place.sent
    assert [(True, 120.0, ()), (False, 0.0, ("r0",))] == [
        (each.is_look_up, each.wait, each.doubtful) for each in place.events
    ]


def test_how_long_it_must_be_missing_is_decided_for_the_account() -> None:
    """The time between the two look-ups is the account's `not_found_for`."""
    place = world()

    one(place, not_found_for=7.5)

    assert [0.0, 7.5] == [when for when, _ in place.looked]


@pytest.mark.parametrize("word", ["no-such-number", "slow-down"])
def test_a_refusal_afterwards_does_not_undo_the_doubt(word: str) -> None:
    """A refusal of the resend leaves the doubt; one look-up follows the last attempt."""
    place = world(sends=["who-knows", word, word])

    outcome = one(place, retry=TWICE)

    assert isinstance(outcome, Ambiguous)
    assert 2 == len(place.sent)
    assert [0.0, 120.0, 120.0] == [when for when, _ in place.looked]


@pytest.mark.parametrize(("word", "kind"), [("there", Accepted), ("absent", Ambiguous)])
def test_what_became_of_the_last_attempt_may_be_found(word: str, kind: type[Outcome]) -> None:
    """A doubtful last attempt is looked up once, without a wait for a second look-up."""
    place = world(["absent", "absent", word], sends=["who-knows"] * 9)

    outcome = one(place, retry=TWICE)

    assert isinstance(outcome, kind)
    assert 2 == len(place.sent)
    assert [0.0, 120.0, 120.0] == [when for when, _ in place.looked]


def test_what_has_waited_since_it_was_missing_is_looked_for_again() -> None:
    """A missing message that waits for its slot is looked up again before it is resent."""
    place = world(["absent", "absent", "there"])

    # One request in 20 seconds: it is missing at 40, and its turn would be at 60.
    outcome = one(place, limits=Limits(requests_per_second=1 / 20), not_found_for=5)

    assert isinstance(outcome, Accepted)
    assert [["r0"]] == [batch for _, batch in place.sent]
    assert 3 == len(place.looked)


def test_what_is_sent_again_together_leaves_while_each_counts_as_missing() -> None:
    """A resend of two waits for no slot beyond the time for which the first counts as missing."""
    place = world(["absent"] * 4 + ["there"] * 2)

    async def story(client: Client) -> list[Outcome]:
        return [each async for each in client.send_many(texts(2), deadline=LONG)]

    # One request in 12 seconds: they are missing at 42 and 54, and their turn would be at 66.
    outcomes = place.live(story, limits=Limits(requests_per_second=1 / 12), not_found_for=18)

    assert ["listed"] * 2 == [each.provider_id for each in outcomes]
    assert [["r0", "r1"]] == [batch for _, batch in place.sent]


def test_a_slow_look_lets_nothing_leave_on_what_was_missing_before_it() -> None:
    """After a slow look-up of one message, the others of the resend are looked up again."""
    place = world(["absent", "absent", "absent", "absent later", "there"])

    async def story(client: Client) -> list[Outcome]:
        return [each async for each in client.send_many(texts(2), deadline=LONG)]

    outcomes = place.live(story)

    assert ["id-r1", "listed"] == [each.provider_id for each in outcomes]
    assert [(0.0, ["r0", "r1"]), (320.0, ["r1"])] == place.sent
    assert (440.0, "r0") == place.looked[-1]


def test_each_further_attempt_takes_two_misses_of_its_own() -> None:
    """Each resend needs two look-ups of its own, and counts as an attempt."""
    place = world(sends=["who-knows"] * 9)

    outcome = one(place)

    assert isinstance(outcome, Ambiguous)
    assert [0.0, 120.0, 240.0] == [when for when, _ in place.sent]
    assert [0.0, 120.0, 120.0, 240.0, 240.0] == [when for when, _ in place.looked]
    assert [2, 2, 3, 3] == [each.attempt for each in place.events]


@pytest.mark.parametrize("word", ["down", "another"])
def test_a_look_that_tells_nothing_counts_as_nothing(word: str) -> None:
    """A failed look-up, or one that finds another message, counts neither as found nor missing."""
    place = world([word, "absent", word, "absent"], sends=["who-knows"])

    outcome = one(place, retry=TWICE)

    assert isinstance(outcome, Accepted)
    assert 2 == len(place.sent)
    assert place.sent[1][0] >= 120


def test_a_provider_that_cannot_tell_leaves_the_doubt() -> None:
    """While all look-ups fail, the message is not resent and stays ambiguous at its deadline."""
    place = world(["down"] * 99)

    outcome = one(place)

    assert isinstance(outcome, Ambiguous)
    assert 1 == len(place.sent)
    assert LONG - 120 <= place.now() <= LONG


@pytest.mark.parametrize(("word", "kind"), [("there", Accepted), ("absent", Ambiguous)])
def test_without_time_for_a_second_look_there_is_one(word: str, kind: type[Outcome]) -> None:
    """Without time for a second look-up before the deadline there is one, and no wait."""
    place = world([word])

    outcome = one(place, 60)

    assert isinstance(outcome, kind)
    assert (1, 1, 0.0) == (len(place.looked), len(place.sent), place.now())
    assert [] == place.events


@pytest.mark.parametrize(("word", "kind"), [("there", Accepted), ("absent", Ambiguous)])
def test_a_message_whose_ttl_has_passed_is_not_sent_again(word: str, kind: type[Outcome]) -> None:
    """A message whose ttl has passed is not resent, but the second look-up may find it."""
    place = world(["absent", word])

    async def story(client: Client) -> list[Outcome]:
        return [each async for each in client.send_many(texts(1, ttl=60), deadline=LONG)]

    (outcome,) = place.live(story)

    assert isinstance(outcome, kind)
    assert (2, 1, 120.0) == (len(place.looked), len(place.sent), place.now())


@pytest.mark.parametrize(("word", "kind"), [("there", Accepted), ("absent", Ambiguous)])
def test_where_one_attempt_is_all_there_is_one_look(word: str, kind: type[Outcome]) -> None:
    """A policy of one attempt makes one look-up, without a wait."""
    place = world([word])

    outcome = one(place, retry=RetryPolicy(attempts=1))

    assert isinstance(outcome, kind)
    assert (1, 1, 0.0) == (len(place.looked), len(place.sent), place.now())


def test_a_retry_that_ends_in_doubt_is_looked_for() -> None:
    """A retry that ends in doubt is looked up, and counts as an attempt."""
    place = world(["absent", "absent"], sends=["slow-down", "who-knows", "ok"])

    outcome = one(place)

    assert isinstance(outcome, Accepted)
    assert 3 == len(place.sent)
    assert [2, 3, 3] == [each.attempt for each in place.events]


def test_an_observed_stream_looks_for_what_a_retry_leaves_in_doubt() -> None:
    """An observed stream ends if its retry ends in doubt and the look-ups find the messages."""
    known: list[str] = []

    class Watching(Observer):
        def outcome_known(self, event: OutcomeKnown) -> None:
            known.extend(each.kind for each in event.outcomes)

    words = iter(["slow-down", "who-knows"])

    def reply(request: Request) -> Response:
        if request.method == "GET":
            return said("there")
        return results(dict.fromkeys(references(request), next(words)))

    policy = Policy(on_ambiguous="resend_if_not_found", retry=RetryPolicy(base=0))
    routed = Routed(reply, kind=Listing, policies={"a": policy}, observers=[Watching()])

    outcomes = routed.send_many(texts(2), deadline=LONG)

    assert ["accepted"] * 2 == [each.kind for each in outcomes] == known


def test_only_what_was_made_since_then_is_looked_for() -> None:
    """A look-up asks for messages since the hand-over, less five minutes for clock differences."""
    place = world(["there"])

    one(place)

    (asked,) = place.asked
    since = datetime.fromisoformat(dict(asked.query)["since"])
    assert timedelta(minutes=5) == place.utc_now() - since


class SleepingLoop(VirtualLoop):
    """An event loop on a machine that may sleep, during which the monotonic clock stands still."""

    slept = timedelta(0)

    def utc_now(self) -> datetime:
        """Return the time of day, which goes on during sleep."""
        return super().utc_now() + self.slept


@pytest.mark.parametrize("attempts", [1, 2])
def test_what_was_sent_before_the_machine_slept_is_looked_for(attempts: int) -> None:
    """A look-up asks for messages since the request, however long the machine slept since then.

    Otherwise the provider would not list the message, and it would be sent again.
    """
    loop = SleepingLoop()
    sent_at: list[datetime] = []

    def fall_asleep(_: Request) -> Response:
        sent_at.append(loop.utc_now())
        loop.slept += timedelta(hours=8)
        return results({"r0": "who-knows"})

    place = World(fall_asleep, iter(["absent"] * 3), loop=loop)

    place.live(
        lambda client: call(client, texts(1)[0]), retry=RetryPolicy(attempts=attempts, base=0)
    )

    asked_since = {datetime.fromisoformat(dict(each.query)["since"]) for each in place.asked}
    assert {sent_at[0] - timedelta(minutes=5)} == asked_since


def test_each_member_of_a_batch_goes_its_own_way() -> None:
    """Each message of a batch is accepted, retried or looked up independently of the others."""
    words = {"r0": "ok", "r1": "who-knows", "r2": "who-knows", "r3": "slow-down", "r4": "who-knows"}

    def answer(request: Request) -> Response:
        first = not place.asked and len(place.sent) == 1
        return results({each: words[each] if first else "ok" for each in references(request)})

    place = world(["there"], sends=answer)
    heard: dict[str, float] = {}

    async def story(client: Client) -> None:
        async for outcome in client.send_many(texts(5), deadline=LONG):
            assert isinstance(outcome, Accepted)
            heard[outcome.reference] = round(place.now())

    place.live(story)

    assert {"r0": 0, "r1": 0, "r3": 0, "r2": 120, "r4": 120} == heard
    assert [["r0", "r1", "r2", "r3", "r4"], ["r3"], ["r2", "r4"]] == [
        each for _, each in place.sent
    ]


def test_looking_is_subject_to_the_accounts_limits() -> None:
    """A look-up takes a slot of the account and keeps to its rate."""
    place = world(["there"] * 3)

    async def story(client: Client) -> list[Outcome]:
        return [each async for each in client.send_many(texts(3), deadline=LONG)]

    outcomes = place.live(story, limits=Limits(concurrency=1, requests_per_second=0.5))

    assert 3 == sum(isinstance(each, Accepted) for each in outcomes)
    when = [each for each, _ in place.looked]
    assert [2.0, 2.0] == [
        pytest.approx(later - sooner, abs=0.1) for sooner, later in pairwise(when)
    ]


def test_a_message_whose_caller_was_cancelled_is_not_looked_up() -> None:
    """A message whose caller was cancelled is neither looked up again nor resent."""
    place = world()

    async def story(client: Client) -> None:
        task = asyncio.create_task(call(client, texts(1)[0]))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.sleep(500)

    place.live(story)

    assert (1, 1) == (len(place.looked), len(place.sent))


def test_a_cancelled_look_changes_nothing() -> None:
    """Closing cancels a waiting look-up at its own deadline, and the message stays ambiguous."""
    place = world()
    heard: list[Outcome] = []

    async def story(client: Client) -> float:
        task = asyncio.create_task(call(client, texts(1)[0]))
        await asyncio.sleep(1)
        await client.aclose(deadline=5)
        heard.append(await task)
        return place.now()

    ended = place.live(story)

    assert isinstance(heard[0], Ambiguous)
    assert 6.0 == pytest.approx(ended)
    assert (1, 1) == (len(place.looked), len(place.sent))


def test_closing_waits_for_what_is_looked_for() -> None:
    """Closing waits for a pending look-up until its own deadline."""
    place = world(["absent", "there"])

    async def story(client: Client) -> Outcome:
        task = asyncio.create_task(call(client, texts(1)[0]))
        await asyncio.sleep(1)
        await client.aclose(deadline=500)
        return await task

    assert isinstance(place.live(story), Accepted)


def test_by_default_nothing_is_looked_for() -> None:
    """With `HOLD`, a doubtful message is not looked up."""
    place = world(["there"])

    outcome = one(place, on_ambiguous=OnAmbiguous.HOLD)

    assert isinstance(outcome, Ambiguous)
    assert [] == place.looked


def test_a_provider_that_cannot_be_asked_cannot_have_it() -> None:
    """For an adapter without look-up, the error names the key and the valid values."""
    policy = Policy(on_ambiguous=OnAmbiguous.RESEND_IF_NOT_FOUND)

    with pytest.raises(ConfigError) as caught:
        Client([tiny()], policies={"main": policy})

    assert str(caught.value) == (
        "accounts.main.on_ambiguous: tiny cannot be asked for a message by its reference;"
        " use hold or resend"
    )


@pytest.mark.parametrize("name", ["clickatell", "messente"])
def test_of_the_three_providers_only_bird_can_be_asked(name: str) -> None:
    """The configuration allows `resend_if_not_found` for Bird only."""
    accounts = config(1)["accounts"]
    asked = {each: accounts[each] | {"on_ambiguous": "resend_if_not_found"} for each in accounts}

    Client.from_config({"accounts": {"bird": asked["bird"]}})
    with pytest.raises(ConfigError, match=f"accounts.{name}.on_ambiguous: {name} cannot be asked"):
        Client.from_config({"accounts": {name: asked[name]}})
