"""The results file: its entries before and after each request, and how a run resumes from it."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.waiting import wait_until

from omnimsg.bulk import LineState, ResultsError, ResultsFile
from omnimsg.bulk.recorded_results import RecordedResults
from omnimsg.domain.errors import Problem
from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent, Outcome, Rejected, Scope
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.journal import Attempt

ATTEMPT = Attempt(token="1", account="main", number=1)

# The outcomes that the engine may report for one attempt.
KINDS = ("accepted", "rejected", "safe", "fixable", "never", "deadline", "expired", "ambiguous")
STATES = {
    "accepted": LineState.ACCEPTED,
    "rejected": LineState.REJECTED,
    "safe": LineState.RETRYABLE,
    "fixable": LineState.RETRYABLE,
    "never": LineState.NOT_SENT,
    "deadline": LineState.RETRYABLE,
    "expired": LineState.NOT_SENT,
    "ambiguous": LineState.AMBIGUOUS,
}


def outcome(kind: str, reference: str) -> Outcome:
    """Build an outcome of one of `KINDS`."""
    common: dict[str, Any] = {"reference": reference, "account": "main"}
    if kind == "accepted":
        return Accepted(**common, provider_id="1", raw={"id": 1})
    if kind == "rejected":
        return Rejected(**common, failure=Failure(reason=Reason.OPTED_OUT, retry=Retry.NEVER))
    if kind == "ambiguous":
        failure = Failure(reason=Reason.TIMEOUT, retry=Retry.UNSAFE)
        return Ambiguous(**common, failure=failure)
    reason, retry, path = {
        "safe": (Reason.RATE_LIMITED, Retry.SAFE, None),
        "fixable": (Reason.UNAUTHORIZED, Retry.AFTER_FIX, None),
        "never": (Reason.UNSUPPORTED_CONTENT, Retry.NEVER, "content"),
        "deadline": (Reason.DEADLINE_EXCEEDED, Retry.NEVER, None),
        "expired": (Reason.DEADLINE_EXCEEDED, Retry.NEVER, "ttl"),
    }[kind]
    failure = Failure(reason=reason, retry=retry, path=path)
    return NotSent(**common, failure=failure, scope=Scope.ACCOUNT)


def entries(path: Path) -> list[dict[str, Any]]:
    """Return the entries of a results file, without its header."""
    return [json.loads(line) for line in path.read_text().splitlines()[1:]]


async def attempt(results: ResultsFile, line: int, *kinds: str) -> None:
    """Record attempts of one line as the engine does; the last kind is the final outcome."""
    message = Message("+27820000001", "Hello", reference=results.generated_reference(line))
    results.register(message.reference, line)
    for kind in kinds:
        await results.intend(ATTEMPT, [message])
        await results.settle(ATTEMPT, [outcome(kind, message.reference)])
    results.record_final(outcome(kinds[-1], message.reference))


@pytest.mark.anyio
async def test_an_intent_is_recorded_before_the_request(results: ResultsFile, path: Path) -> None:
    """When `intend` returns, the header and the intents of the batch are in the file."""
    messages = [Message("+27820000001", "Hello", reference=f"r-{line}") for line in (1, 2)]
    for line, message in enumerate(messages, 1):
        results.register(message.reference, line)

    await results.intend(ATTEMPT, messages)

    header, *rest = await anyio.Path(path).read_text(), *entries(path)
    assert '"omnimsg":"send-many"' in header
    assert [(1, "r-1", "main"), (2, "r-2", "main")] == [
        (each["line"], each["intent"], each["account"]) for each in rest
    ]
    assert LineState.IN_FLIGHT is results.line_states[2]


@pytest.mark.anyio
@pytest.mark.parametrize("kind", KINDS)
async def test_the_state_after_an_outcome(
    results: ResultsFile, path: Path, source: Path, kind: str
) -> None:
    """`retry` and a passed deadline decide a line's state, and a resumed run reads the same."""
    await attempt(results, 1, kind)
    results.record_bad_line(2, [Problem("to", "is missing")])
    results.close()

    again = ResultsFile.resume(path, source)

    for each in (results, again):
        assert (STATES[kind], LineState.BAD) == (each.line_states[1], each.line_states[2])
    assert LineState.UNTRIED is again.line_states[3]
    assert results.reference_prefix == again.reference_prefix


@pytest.mark.anyio
async def test_a_final_outcome_is_recorded_once(results: ResultsFile, path: Path) -> None:
    """The final outcome is in the file once, whether or not it was settled before."""
    await attempt(results, 1, "safe", "accepted")
    reference = results.generated_reference(2)
    results.register(reference, 2)
    results.record_final(outcome("never", reference))
    await results.flush()

    found = [(each["line"], each.get("outcome", "intent")) for each in entries(path)]

    assert found == [
        *((1, "intent"), (1, "not_sent"), (1, "intent"), (1, "accepted")),
        (2, "not_sent"),
    ]


def test_an_intent_without_an_outcome_is_ambiguous(
    results: ResultsFile, path: Path, source: Path
) -> None:
    """On resume an intent without an outcome is recorded in the file as ambiguous."""
    message = Message("+27820000001", "Hello", reference="r-7")
    results.register("r-7", 7)
    anyio.run(results.intend, ATTEMPT, [message])
    results.close()

    again = ResultsFile.resume(path, source)
    again.close()

    last = entries(path)[-1]
    assert LineState.AMBIGUOUS is again.line_states[7]
    assert (7, "ambiguous", "r-7", "main", "unsafe") == (
        last["line"],
        last["outcome"],
        last["reference"],
        last["account"],
        last["failure"]["retry"],
    )


@pytest.mark.anyio
async def test_a_full_disk_stops_sending(
    results: ResultsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the intent cannot be recorded, sending fails and the line stays untried."""
    message = Message("+27820000001", "Hello", reference="r-1")
    results.register("r-1", 1)
    monkeypatch.setattr(os, "write", _full)
    with pytest.raises(OSError, match="No space"):
        await results.intend(ATTEMPT, [message])
    monkeypatch.undo()
    results.record_final(outcome("never", "r-1"))

    assert LineState.UNTRIED is results.line_states[1]
    assert results.write_error is not None


@pytest.mark.anyio
async def test_a_bad_line_that_cannot_be_written_ends_no_run(
    results: ResultsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed write of a bad line raises nothing at once; closing says that it is lost."""
    results.record_bad_line(1, [Problem("line", "is not JSON")])
    monkeypatch.setattr(os, "write", _full)

    await results.flush_unsettled()

    assert results.write_error is not None
    with pytest.raises(OSError, match="No space left"):
        results.close()


@pytest.mark.anyio
async def test_what_had_left_before_a_full_disk_is_recorded(
    results: ResultsFile, path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once there is room again, answers are recorded, and intents that were not durable are not."""
    sent, unsent = (Message("+27820000001", "Hello", reference=f"r-{line}") for line in (1, 2))
    results.register("r-1", 1)
    results.register("r-2", 2)
    await results.intend(ATTEMPT, [sent])
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", _full)
        with pytest.raises(OSError, match="No space"):
            await results.intend(ATTEMPT, [unsent])
    await results.settle(ATTEMPT, [outcome("accepted", "r-1")])
    await results.settle(ATTEMPT, [outcome("safe", "r-2")])
    results.close()

    again = ResultsFile.resume(path, source)
    again.close()

    for each in (results, again):
        assert (LineState.ACCEPTED, LineState.UNTRIED) == (each.line_states[1], each.line_states[2])


@pytest.mark.anyio
async def test_an_answer_is_written_without_a_further_request(
    results: ResultsFile, path: Path
) -> None:
    """The outcome of an attempt survives the end of the process, also if nothing follows it."""
    results.register("r-1", 1)
    await results.intend(ATTEMPT, [Message("+27820000001", "Hello", reference="r-1")])

    await results.settle(ATTEMPT, [outcome("safe", "r-1")])

    await anyio.to_thread.run_sync(wait_until, lambda: b"not_sent" in path.read_bytes())


def _full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@settings(deadline=None)  # waits for `fsync`
@given(
    lines=st.lists(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3), max_size=6),
    data=st.data(),
)
def test_no_cut_loses_an_intent(lines: list[list[str]], data: st.DataObject) -> None:
    """Wherever the file is cut, a line with a complete intent is never sent again on resume.

    Of a file that is cut to nothing, nothing is sent at all.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, path = Path(folder, "many.jsonl"), Path(folder, "results.jsonl")
        source.write_text("whatever\n")
        _write(path, source, lines)
        whole = path.read_bytes()
        cut = data.draw(st.integers(1, len(whole)), label="cut")
        path.write_bytes(whole[:cut])

        results = ResultsFile.resume(path, source)
        results.close()
        read = ResultsFile.resume(path, source)
        read.close()

        for line, last in _last_entries(whole[:cut]).items():
            expected = LineState.AMBIGUOUS if last == "intent" else STATES[last]
            assert expected is results.line_states[line]
            assert expected is read.line_states[line]


def _write(path: Path, source: Path, lines: list[list[str]]) -> None:
    async def record() -> None:
        results = ResultsFile.create(path, source)
        for number, kinds in enumerate(lines, 1):
            await attempt(results, number, *kinds)
        results.close()

    anyio.run(record)


def _last_entries(data: bytes) -> dict[int, str]:
    """Return the last entry of each line, read without the code under test."""
    last = {}
    for raw in data.split(b"\n")[:-1][1:]:
        entry = json.loads(raw)
        if "intent" in entry:
            last[entry["line"]] = "intent"
        elif entry["outcome"] == "not_sent":
            failure = entry["failure"]
            last[entry["line"]] = {
                "rate_limited": "safe",
                "unauthorized": "fixable",
                "unsupported_content": "never",
                "deadline_exceeded": "expired" if "path" in failure else "deadline",
            }[failure["reason"]]
        else:
            last[entry["line"]] = entry["outcome"]
    return last


@pytest.mark.anyio
@pytest.mark.parametrize("is_truncated", [False, True])
async def test_what_is_known_is_rescued(
    results: ResultsFile, path: Path, source: Path, is_truncated: bool
) -> None:
    """If the file is deleted or cut, a rescue file has the state of each line, to resume from."""
    for line, kind in enumerate(KINDS, 1):
        await attempt(results, line, kind)
    change = anyio.Path(path)
    await (change.write_bytes(b"") if is_truncated else change.unlink())
    results.record_bad_line(9, [Problem("to", "is missing")])
    results.close()

    assert results.rescued_to is not None
    with pytest.raises(ResultsError, match=r"another program changed it.*--resume --results"):
        ResultsFile.resume(path, source)
    with pytest.raises(ResultsError, match="another program changed it"):
        ResultsFile.create(path, source)
    again = ResultsFile.resume(results.rescued_to, source)
    again.close()
    assert [*(STATES[kind] for kind in KINDS), LineState.BAD] == [
        again.line_states[line] for line in range(1, 10)
    ]
    assert results.reference_prefix == again.reference_prefix


def test_a_change_before_the_first_message_can_be_rescued(path: Path, source: Path) -> None:
    """The rescued file of a run that has sent nothing is resumed; it had two headers."""
    results = ResultsFile.create(path, source)
    with path.open("ab") as file:
        file.write(b"garbage\n")

    results.close()

    assert results.rescued_to is not None
    again = ResultsFile.resume(results.rescued_to, source)
    again.close()
    assert [] == list(again.line_states.known())
    assert results.reference_prefix == again.reference_prefix


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [None, *KINDS])
async def test_a_later_leg_leaves_its_line_accepted(
    results: ResultsFile, path: Path, source: Path, kind: str | None
) -> None:
    """The outcome of a leg after the accepted one is recorded, and its line stays accepted."""
    message = Message("+27820000001", "Hello", reference="r-1")
    results.register("r-1", 1, has_legs=True)
    await results.intend(ATTEMPT, [message])
    await results.settle(ATTEMPT, [outcome("accepted", "r-1")])
    results.record_final(outcome("accepted", "r-1"))
    await results.intend(ATTEMPT, [message])
    if kind is not None:
        await results.settle(ATTEMPT, [outcome(kind, "r-1")])
    results.close()

    recorded, again = RecordedResults(path), ResultsFile.resume(path, source)
    again.close()

    accepted = LineState.ACCEPTED
    assert [accepted] * 3 == [each.line_states[1] for each in (results, again, recorded)]
    marks = [each.get("later_leg") for each in entries(path)]
    assert [None, None, True, *([True] if kind else [])] == marks
    assert (2 if kind == "accepted" else 1) == len(list(recorded.message_ids()))


@pytest.mark.anyio
async def test_legs_before_the_accepted_one_decide_the_line(results: ResultsFile) -> None:
    """Before any leg is accepted, the last leg's outcome decides the state of the line."""
    message = Message("+27820000001", "Hello", reference="r-1")
    results.register("r-1", 1, has_legs=True)
    for kind in ("rejected", "ambiguous"):
        await results.intend(ATTEMPT, [message])
        await results.settle(ATTEMPT, [outcome(kind, "r-1")])

    results.record_final(outcome("ambiguous", "r-1"))

    assert LineState.AMBIGUOUS is results.line_states[1]


@pytest.mark.anyio
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_tried", [True, False])
async def test_only_an_acceptance_settles_the_doubt_of_an_earlier_run(
    path: Path, source: Path, kind: str, is_tried: bool
) -> None:
    """A line that is sent again in doubt stays in doubt, in every later run, until it is accepted.

    Also where it was not tried this time, such as because the run was stopped.
    """
    first = ResultsFile.create(path, source)
    await attempt(first, 1, "ambiguous")
    first.close()
    second = ResultsFile.resume(path, source)
    message = Message("+27820000001", "Hello", reference=second.generated_reference(1))
    second.register(message.reference, 1)
    if is_tried:
        await second.intend(ATTEMPT, [message])
        await second.settle(ATTEMPT, [outcome(kind, message.reference)])
    line, over_all = second.record_final(outcome(kind, message.reference))
    second.close()

    third = ResultsFile.resume(path, source)
    third.close()

    expected = LineState.ACCEPTED if kind == "accepted" else LineState.AMBIGUOUS
    assert (1, expected.name.lower()) == (line, over_all.kind)
    assert [expected, expected] == [second.line_states[1], third.line_states[1]]
