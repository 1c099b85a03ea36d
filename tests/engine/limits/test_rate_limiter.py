"""When the next request may leave: rates, slots, priorities, pace and pauses."""

from __future__ import annotations

import itertools
import math

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.adapters import CAPABILITIES, ManualClock

from omnimsg import Limits
from omnimsg.engine.limits.rate_limiter import BATCH_SLOTS, SINGLE_SLOTS, RateLimiter, slots_of


def limiter(clock: ManualClock, documented: float | None = None, **limits: float) -> RateLimiter:
    """Build a limiter on a clock that the test moves."""
    can = attrs.evolve(CAPABILITIES, requests_per_second=documented)
    return RateLimiter(Limits(**limits), can, now=clock.monotonic)  # type: ignore[arg-type]  # as given


def left(limits: RateLimiter, clock: ManualClock, seconds: float, messages: int = 1) -> int:
    """Count the requests that may leave in some seconds, if each is answered at once."""
    count, until = 0, clock.now + seconds
    while clock.now < until:
        wait = limits.wait()
        if wait > 0:
            clock.now += min(wait, until - clock.now)
            continue
        limits.begin(messages)
        limits.end()
        count += 1
    return count


@pytest.mark.parametrize(
    ("most", "expected"), [(1, SINGLE_SLOTS), (2, BATCH_SLOTS), (100, BATCH_SLOTS)]
)
def test_slots_follow_what_a_request_carries(most: int, expected: int) -> None:
    """The number of slots depends on the messages per request, unless `concurrency` is set."""
    can = attrs.evolve(CAPABILITIES, max_messages=most)

    assert expected == slots_of(Limits(), can)
    assert 3 == slots_of(Limits(concurrency=3), can)


def test_the_last_place_is_kept_for_what_is_urgent() -> None:
    """The last slot is kept for urgent messages, and there are no more slots than configured."""
    limits = limiter(ManualClock(), concurrency=3)

    for _ in range(2):
        assert 0 == limits.wait()
        limits.begin(1)

    assert math.inf == limits.wait()
    assert 0 == limits.wait(urgent=True)
    limits.begin(1)
    assert math.inf == limits.wait(urgent=True)
    limits.end()
    limits.end()
    assert 0 == limits.wait()


def test_a_single_place_is_for_everybody() -> None:
    """A single slot is not kept for urgent messages."""
    limits = limiter(ManualClock(), concurrency=1)

    assert 0 == limits.wait()
    limits.begin(1)
    assert math.inf == limits.wait(urgent=True)


@pytest.mark.parametrize(
    ("documented", "own", "expected"), [(None, 10, 10), (5, 10, 5), (10, 5, 5), (10, None, 10)]
)
def test_the_stricter_of_two_rates_holds(
    documented: float | None, own: float | None, expected: float
) -> None:
    """The lower of the provider's documented rate and the user's rate applies."""
    clock = ManualClock()
    given_ = {} if own is None else {"requests_per_second": own}

    count = left(limiter(clock, documented, **given_), clock, 10)

    assert expected * 10 <= count <= expected * 10 + 1


def test_requests_are_spaced_and_not_saved_up() -> None:
    """Requests are spaced by the rate, and idle time is not saved up."""
    clock = ManualClock()
    limits = limiter(clock, requests_per_second=10)
    clock.now += 3600

    waits = []
    for _ in range(5):
        waits.append(round(limits.wait(), 3))
        limits.begin(1)
        limits.end()

    assert [0, 0.08, 0.18, 0.28, 0.38] == waits


def test_a_batch_may_be_larger_than_the_rate() -> None:
    """A batch larger than the rate leaves, and the next one waits for all of it."""
    clock = ManualClock()
    limits = limiter(clock, messages_per_second=50)

    assert 0 == limits.wait()
    limits.begin(100)

    assert pytest.approx(1.98) == limits.wait()


def test_what_is_urgent_runs_ahead_of_the_rate_by_a_second_and_no_more() -> None:
    """Urgent messages may exceed the rate by one second's worth; the others then wait."""
    clock = ManualClock()
    limits = limiter(clock, requests_per_second=10)
    ahead = 0
    while limits.wait(urgent=True) <= 0:
        limits.begin(1)
        limits.end()
        ahead += 1

    assert 11 == ahead
    assert 1 < limits.wait() < 1.2


def test_being_too_fast_halves_the_pace_once_for_what_left_before() -> None:
    """Several 429s to requests that left before a slow-down halve the pace only once."""
    clock = ManualClock()
    limits = limiter(clock, concurrency=17)
    begun = clock.now
    clock.now += 1

    for _ in range(16):
        limits.throttled(begun=begun)

    assert 0.5 == limits.pace
    assert 7 == limits.slots
    limits.throttled(begun=clock.now)
    assert 0.25 == limits.pace


def test_the_pace_comes_back_with_what_goes_well() -> None:
    """A hundred successes restore the full pace; at least one slot is always left."""
    clock = ManualClock()
    limits = limiter(clock, concurrency=10)
    for _ in range(20):
        limits.throttled(begun=clock.now)
        clock.now += 1
    assert 1 == limits.slots

    for _ in range(100):
        limits.succeeded()

    assert (1.0, 9) == (limits.pace, limits.slots)


def test_a_pause_is_for_everybody_and_ends() -> None:
    """A pause that the provider asks for holds for urgent messages too, to its full length."""
    clock = ManualClock()
    limits = limiter(clock)
    limits.throttled(begun=clock.now, pause=30)
    limits.throttled(begun=clock.now, pause=1)

    assert pytest.approx(30) == limits.wait(urgent=True)
    clock.now += 29
    assert pytest.approx(1) == limits.wait()
    clock.now += 1
    assert 0 == limits.wait()


@given(
    st.floats(0.5, 500),
    st.floats(0.5, 5000),
    st.lists(st.tuples(st.integers(1, 100), st.floats(0, 3)), min_size=1, max_size=60),
)
def test_no_second_carries_more_than_its_rates(
    requests: float, messages: float, given_: list[tuple[int, float]]
) -> None:
    """Between any two requests lies the time that the first one takes by the rates."""
    clock = ManualClock()
    limits = limiter(clock, requests_per_second=requests, messages_per_second=messages)
    sent: list[tuple[float, int]] = []
    for count, idle in given_:
        clock.now += idle
        clock.now += limits.wait()
        if limits.wait() > 0:
            clock.now += 1e-6
        limits.begin(count)
        limits.end()
        sent.append((clock.now, count))

    for (at, count), (then, _) in itertools.pairwise(sent):
        # A timer that fires late, by up to 20 ms, is made up for.
        assert then - at >= max(1 / requests, count / messages) - 0.0201
