"""Faults of outcomes, statuses, the journal and resends."""

from __future__ import annotations

from simulation.planted.planting import Change, Fault

_ENGINE = "omnimsg.engine"

FAULTS: tuple[Fault, ...] = (
    Fault(
        name="retry-of-doubt",
        about="a message that may have been sent is sent again by default",
        breaks="doubt",
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
        breaks="twice",
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
        breaks="journal",
        changes=(
            Change(f"{_ENGINE}.attempt.earlier_doubts:keep_doubts", "if not doubts:", "if True:"),
        ),
    ),
    Fault(
        name="lost-future",
        about="an attempt that is cancelled by closing gives its callers no outcome",
        breaks="pending",
        changes=(
            Change(
                f"{_ENGINE}.sending.scheduler:Scheduler._work",
                "batch.owner.finish(batch.keys, batch.messages, outcomes)",
                "del end",
            ),
        ),
    ),
    Fault(
        name="whole-batch-again",
        about="a retry includes the accepted messages of its batch",
        breaks="twice",
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
        breaks="twice",
        changes=(
            Change(
                f"{_ENGINE}.attempt.batch_split:split_of",
                "if not same or status is None:",
                "if status is None:",
            ),
        ),
    ),
    Fault(
        name="late-mark",
        about="the mark that a request may have left is set only when its answer arrives",
        breaks="unsent",
        changes=(
            Change(
                "omnimsg.transport.marked_session:MarkedSession.request",
                "sending[task] = mark, request.effect",
                "sending[task] = WriteMark(), request.effect",
            ),
            Change(
                "omnimsg.transport.aiohttp_transport:HttpTransport.exchange",
                "session.report_unmarked_answer(mark)",
                "mark.written = True",
            ),
        ),
        is_shown=True,
    ),
    Fault(
        name="acceptance-of-another",
        about="an acceptance that names another message is accepted",
        breaks="accepted",
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
        about="bytes that arrived on an idle connection are taken for the next request's answer",
        breaks="twice",
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
        name="joined-by-order",
        about="the entries of an answer are matched to the messages by order, without a check",
        breaks="accepted",
        changes=(
            Change(
                "omnimsg_clickatell.wire.match_entries:match_entries",
                "    return [matched.get(index) for index in range(len(references))]",
                "    padded = [*entries, *[None] * len(references)][: len(references)]\n"
                "    return [each if isinstance(each, dict) else None for each in padded]",
            ),
            Change(
                "omnimsg_clickatell.wire.send_answers:_Reader.read",
                "if entry is None or names_another(entry, self.members.address, address)",
                "if entry is None",
            ),
        ),
    ),
    Fault(
        name="hop-gave-up",
        about="a 408, 425 or 499 is taken for the proof that nothing was processed",
        breaks="unsent",
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
        breaks="journal",
        changes=(
            Change(
                f"{_ENGINE}.attempt.journal_writer:JournalWriter.intend",
                "    if not call.has_ended:\n        try:",
                "    if not call.has_ended:\n        return {}\n        try:",
            ),
        ),
    ),
    Fault(
        name="unsettled-on-cancel",
        about="an attempt that is cancelled leaves its intent open in the journal",
        breaks="journal",
        changes=(
            Change(
                f"{_ENGINE}.attempt.recorded_runner:_RecordedAttempt._settle_interrupted",
                "await self._settle(outcomes)",
                "del outcomes",
            ),
        ),
    ),
    Fault(
        name="two-workers",
        about="two workers take the same batch where it waited for a slot",
        breaks="twice",
        changes=(
            Change(
                f"{_ENGINE}.sending.scheduler:Scheduler._work",
                "            self._pump()\n",
                "            self._pump()\n"
                "            self._workers.start(\n"
                "                partial(self._work, batch), partial(self._end_dropped, batch)\n"
                "            )\n"
                "            self._limiter.under_way += 1\n",
            ),
        ),
    ),
    Fault(
        name="one-miss-is-enough",
        about="a message is sent again after the first look-up that does not find it",
        breaks="look-up",
        changes=(
            Change(
                f"{_ENGINE}.sending.reconcile:_Search.missing",
                "self.misses[each] >= _MISSES",
                "self.misses[each]",
            ),
        ),
    ),
    Fault(
        name="failed-look-up-counts",
        about='a failed look-up counts as "not found"',
        breaks="look-up",
        changes=(
            Change(
                f"{_ENGINE}.sending.reconcile:Reconciler._look_up",
                "elif isinstance(found, Absent):",
                "else:",
            ),
        ),
    ),
    Fault(
        name="stale-look-up",
        about='a message is sent again however old its "not found" is',
        breaks="look-up",
        changes=(
            Change(
                f"{_ENGINE}.sending.clearance:Clearance._end_useless",
                "if batch.left_at > batch.absent_until:",
                "if False:",
            ),
        ),
        is_mend=True,
        shape="doubts",
    ),
    Fault(
        name="look-up-of-its-batch",
        about='a "not found" is valid from the end of the slowest look-up of its request',
        breaks="look-up",
        changes=(
            Change(
                f"{_ENGINE}.sending.reconcile:_Search.missing",
                "and self.missed_at[each] >= since",
                "and since",
            ),
            Change(
                f"{_ENGINE}.sending.reconcile:_Search.absent_until",
                "min(self.missed_at[each] for each in missing)",
                "self.batch.now()",
            ),
        ),
        is_mend=True,
        shape="doubts",
    ),
)
