"""Faults of timing, rates, limits and clean-up."""

from __future__ import annotations

from simulation.planted.planting import Change, Fault

_ENGINE = "omnimsg.engine"

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="leaked-place",
        about="a batch that is split keeps its request slot",
        breaks="quiet",
        changes=(
            Change(
                f"{_ENGINE}.sending.scheduler:Scheduler._work",
                "        finally:\n            self._limiter.under_way -= 1\n",
                "        finally:\n            pass\n"
                "        if not isinstance(result, Split):\n"
                "            self._limiter.under_way -= 1\n",
            ),
        ),
    ),
    Fault(
        name="deadline-not-in-queue",
        about="a deadline ends no message while it waits in the queue",
        breaks="deadline",
        changes=(
            Change(
                f"{_ENGINE}.sending.queue:Queue._expire",
                "if batch.ends == math.inf:",
                "if True:",
            ),
        ),
        is_shown=True,
    ),
    Fault(
        name="deadline-from-turn",
        about="a caller's deadline starts with the message's turn, like that of a stream",
        breaks="deadline",
        changes=(
            Change(
                f"{_ENGINE}.sending.admission:Admission.queue_arrivals",
                "self._put_all(run, run.started + run.timeout)",
                "self._put_all(run, math.inf)",
            ),
        ),
    ),
    Fault(
        name="pause-forgotten",
        about="a `Retry-After` for the account is not obeyed",
        breaks="pause",
        changes=(
            Change(
                f"{_ENGINE}.sending.completion:Completion._adjust_pace",
                "pause = min(pause, self._max_pause)",
                "pause = 0.0",
            ),
        ),
        is_shown=True,
    ),
    Fault(
        name="endless-pause",
        about="a `Retry-After` of a day is obeyed in full",
        breaks="pending",
        changes=(
            Change(
                f"{_ENGINE}.sending.completion:Completion._adjust_pace",
                "pause = min(pause, self._max_pause)",
                "pause = pause * 1.0",
            ),
        ),
        is_mend=True,
    ),
    Fault(
        name="hold-never-releases",
        about="messages that are held for the account's trouble are never released",
        breaks="pending",
        changes=(
            Change(
                f"{_ENGINE}.sending.holding:Holding.hold",
                "self.release_at = min(self.release_at, self._now() + self._pause)",
                "self.release_at = math.inf",
            ),
            Change(
                f"{_ENGINE}.sending.holding:Holding.hold",
                "heappush(self._expiries, (held.ends, next(self._serial), held))",
                "pass",
            ),
        ),
        is_shown=True,
    ),
    Fault(
        name="clock-moved-when-asked",
        about="asking whether a circuit is open moves the time of its next probe",
        breaks="recovers",
        changes=(
            Change(
                f"{_ENGINE}.limits.circuit_breaker:CircuitBreakers._blocking_failure",
                "    if wait <= 0:\n        return None",
                "    if wait <= 0:\n"
                "        circuit.probe_at = self._now() + circuit.breaker.pause\n"
                "        return None",
            ),
        ),
        is_mend=True,
        shape="held",
    ),
    Fault(
        name="ttl-forgotten",
        about="a message leaves although its ttl has passed",
        breaks="ttl",
        changes=(
            Change(
                f"{_ENGINE}.sending.clearance:Clearance.clear",
                "if abandoned or waited >= batch.ttl:",
                "if abandoned:",
            ),
        ),
    ),
    Fault(
        name="saved-up-rate",
        about="an unused rate is made up for later, in a burst",
        breaks="limits",
        changes=(
            Change(
                f"{_ENGINE}.limits.rate_limiter:_Rate.take",
                "max(self.due, now - _SLACK)",
                "max(self.due, now - 30.0)",
            ),
        ),
    ),
    Fault(
        name="one-slot-too-many",
        about="one request more is in flight than the account allows",
        breaks="limits",
        changes=(
            Change(
                f"{_ENGINE}.limits.rate_limiter:RateLimiter._slots",
                "return min(self._max_slots, max(slots, 2)) if urgent else max(1, slots - 1)",
                "return slots + 1",
            ),
        ),
    ),
    Fault(
        name="timer-left",
        about="a closed account leaves its timer running",
        breaks="left",
        changes=(
            Change(
                f"{_ENGINE}.sending.scheduler:Scheduler.aclose",
                "self._wakeup.cancel()",
                "del held",
            ),
        ),
    ),
    Fault(
        name="connections-left",
        about="a closed client leaves its connections open",
        breaks="left",
        changes=(
            Change(
                "omnimsg.transport.pooled_transport:PooledTransport.aclose",
                "await opened.aclose()",
                "del opened",
            ),
        ),
        is_shown=True,
    ),
    Fault(
        name="reads-ahead",
        about="a stream reads its input as fast as it comes",
        breaks="memory",
        changes=(
            Change(
                f"{_ENGINE}.sending.stream:StreamTarget.ahead",
                "return max((self.slots + 2) * self.batch_limit, self.slots + _MIN_AHEAD)",
                "return 1_000_000",
            ),
        ),
    ),
    Fault(
        name="vanished-peer",
        about="nothing ends a connection whose peer has vanished",
        breaks="pending",
        changes=(
            Change(
                "omnimsg.transport.tcp_keepalive:enable_keepalive",
                "for option in _AVAILABLE:",
                "for option in ():",
            ),
        ),
        is_mend=True,
        shape="held",
    ),
)
