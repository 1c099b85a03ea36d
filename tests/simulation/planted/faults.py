"""The faults that are planted."""

from __future__ import annotations

from simulation.planted.planting import Change, Fault

_ENGINE = "omnimsg.engine"

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="retry-of-doubt",
        about="what may have been sent is sent again by default",
        changes=(
            Change(
                f"{_ENGINE}.sending.retry:Retrier._may_repeat",
                "return self._resends_ambiguous and is_in_doubt(outcome)",
                "return is_in_doubt(outcome)",
            ),
        ),
        is_shown=True,
    ),
    Fault(
        name="last-request-judges",
        about="a message is judged by the last request of its flow, not by the one that sends",
        changes=(
            Change(
                f"{_ENGINE}.attempt.classify:of_messages",
                "if sent_before:",
                "if False:",
            ),
            Change(
                f"{_ENGINE}.attempt.runner:AttemptRunner._broken",
                "effect = Effect.SENDS if run.sent else run.effect",
                "effect = run.effect",
            ),
            Change(
                f"{_ENGINE}.attempt.runner:AttemptRunner._broken",
                "left=run.sent)\n    else:",
                "left=run.written and run.effect is Effect.SENDS)\n    else:",
            ),
        ),
        is_mend=True,
    ),
    Fault(
        name="last-attempt-judges",
        about="a refusal of a later attempt settles the doubt about an earlier one",
        changes=(Change(f"{_ENGINE}.attempt.doubts:keep_doubts", "if not doubts:", "if True:"),),
    ),
    Fault(
        name="lost-future",
        about="an attempt that is cancelled by closing tells its callers nothing",
        changes=(
            Change(
                f"{_ENGINE}.sending.scheduler:Scheduler._work",
                "batch.owner.finish(batch.keys, end.outcomes)",
                "del end",
            ),
        ),
    ),
    Fault(
        name="leaked-place",
        about="a batch that is split keeps its place among the requests under way",
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
        name="whole-batch-again",
        about="a retry takes the accepted messages of its batch along",
        changes=(
            Change(
                f"{_ENGINE}.sending.completion:Completion._continue",
                "follow_up.retry(batch.part(again), [outcomes[index] for index in again])",
                "follow_up.retry(batch, outcomes)",
            ),
            Change(
                f"{_ENGINE}.sending.retry:Retrier.batch",
                "await send_again(list(due))",
                "await send_again(range(len(outcomes)))",
            ),
        ),
    ),
    Fault(
        name="split-after-acceptance",
        about="a batch that was accepted in part is split, and sent again in parts",
        changes=(
            Change(
                f"{_ENGINE}.attempt.batch_split:split_of",
                "if not same or status is None:",
                "if status is None:",
            ),
        ),
    ),
    Fault(
        name="deadline-not-in-queue",
        about="a deadline ends no message while it waits in the queue",
        changes=(
            Change(
                f"{_ENGINE}.sending.scheduler:Scheduler._pump",
                "for expired in self._queue.take_expired(now):",
                "for expired in ():",
            ),
        ),
        is_shown=True,
    ),
    Fault(
        name="deadline-from-turn",
        about="a caller's deadline begins with the message's turn, as that of a stream does",
        changes=(
            Change(
                f"{_ENGINE}.sending.admission:Admission.queue_arrivals",
                "self._put_all(run, self._callers, run.started + run.timeout)",
                "self._put_all(run, self._callers, math.inf)",
            ),
        ),
    ),
    Fault(
        name="late-mark",
        about="the mark that a request may have left is set once its answer is there",
        changes=(
            Change(
                "omnimsg.transport.aiohttp_seam:TrackedRequest.send",
                "mark.written = True\n    await writer.write",
                "await writer.write",
            ),
        ),
        is_shown=True,
    ),
    Fault(
        name="pause-forgotten",
        about="a `Retry-After` for the account is not obeyed",
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
        about="what is held back for the account's trouble stays there",
        changes=(
            Change(
                f"{_ENGINE}.sending.holding:Holding.release",
                "for batch in reversed(self.take_all()):",
                "for batch in ():",
            ),
        ),
        is_shown=True,
    ),
    Fault(
        name="clock-moved-when-asked",
        about="asking whether a circuit is open moves the time of its next probe",
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
        name="acceptance-of-another",
        about="an acceptance that names another message is believed",
        changes=(
            Change(
                "omnimsg_bird.wire.decode:read_send",
                'if document.get("reference") not in (None, "", message.reference):',
                "if False:",
            ),
        ),
        is_mend=True,
    ),
    Fault(
        name="answer-of-another",
        about="bytes that came on an idle connection are the next request's answer",
        changes=(
            Change(
                "omnimsg.transport.aiohttp_seam:TrackedRequest.send",
                "if protocol is not None and len(protocol):",
                "if False:",
            ),
        ),
        is_mend=True,
    ),
    Fault(
        name="hop-gave-up",
        about="a 408, 425 or 499 is taken for the proof that nothing was processed",
        changes=(
            Change(
                f"{_ENGINE}.attempt.http_status_rules:rule_of",
                "if status in RULES:",
                "if status in RULES and status not in (408, 425, 460, 499):",
            ),
        ),
        is_mend=True,
    ),
    Fault(
        name="unawaited-intent",
        about="a request leaves before its intent is durable",
        changes=(
            Change(
                f"{_ENGINE}.attempt.journal_writer:JournalWriter.intend",
                "    in_time = False\n    try:",
                "    in_time = False\n    return {}\n    try:",
            ),
        ),
    ),
    Fault(
        name="unsettled-on-cancel",
        about="an attempt that is cancelled leaves its intent open in the journal",
        changes=(
            Change(
                f"{_ENGINE}.attempt.recorded_runner:RecordedRunner._settle_interrupted",
                "if self._journal is not None:",
                "if False:",
            ),
        ),
    ),
    Fault(
        name="two-workers",
        about="two workers take the same batch where it waited for a slot",
        changes=(
            Change(
                f"{_ENGINE}.sending.scheduler:Scheduler._work",
                "            self._pump()\n",
                "            self._pump()\n"
                "            self._workers.start(self._work(batch))\n"
                "            self._limiter.under_way += 1\n",
            ),
        ),
    ),
    Fault(
        name="ttl-forgotten",
        about="a message leaves although its ttl has passed",
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
        about="a rate that was not used is made up for later, in a burst",
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
        about="one request more is under way than the account allows",
        changes=(
            Change(
                f"{_ENGINE}.limits.rate_limiter:RateLimiter._slots",
                "return min(self._max_slots, max(slots, 2)) if urgent else max(1, slots - 1)",
                "return slots + 1",
            ),
        ),
    ),
    Fault(
        name="one-miss-is-enough",
        about="a message is sent again after the first look-up that does not find it",
        changes=(
            Change(
                f"{_ENGINE}.sending.reconcile:_Search.missing",
                "self.misses[each] == _MISSES",
                "self.misses[each]",
            ),
        ),
    ),
    Fault(
        name="failed-look-up-counts",
        about="a look-up that fails counts as one that found nothing",
        changes=(
            Change(
                f"{_ENGINE}.sending.reconcile:Reconciler._look_up",
                "elif isinstance(found, Absent):",
                "else:",
            ),
        ),
    ),
    Fault(
        name="joined-by-order",
        about="the entries of an answer are joined to the messages in order, unseen",
        changes=(
            Change(
                "omnimsg_clickatell.wire.match_entries:match_entries",
                "    return [matched.get(index) for index in range(len(references))]",
                "    padded = [*entries, *[None] * len(references)][: len(references)]\n"
                "    return [each if isinstance(each, dict) else None for each in padded]",
            ),
            Change(
                "omnimsg_clickatell.wire.send_answers:_Reader.read",
                "if entry is None or names_another(entry, members.address, address):",
                "if entry is None:",
            ),
        ),
    ),
    Fault(
        name="timer-left",
        about="a closed account leaves its timer running",
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
        changes=(
            Change(
                f"{_ENGINE}.sending.stream:Streams.ahead",
                "return max((self.slots + 2) * self.batch_limit, self.slots + _MIN_AHEAD)",
                "return 1_000_000",
            ),
        ),
    ),
    Fault(
        name="vanished-peer",
        about="nothing ends a connection whose peer has vanished",
        changes=(
            Change(
                "omnimsg.transport.signs_of_life:expect_signs_of_life",
                "for option in _AVAILABLE:",
                "for option in ():",
            ),
        ),
        is_mend=True,
        shape="held",
    ),
    Fault(
        name="stale-look-up",
        about="what was not found is sent again however long ago that was",
        changes=(
            Change(
                f"{_ENGINE}.sending.clearance:Clearance._end_useless",
                "if batch.left_at > batch.absent_until:",
                "if False:",
            ),
        ),
        is_mend=True,
        shape="held",
    ),
)
