"""The results file: what is written before and after each request, and what is made of it later."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.bulk import LineState, Results, ResultsError
from omnimsg.domain.errors import Problem
from omnimsg.domain.failure import Failure
from omnimsg.domain.message import Message
from omnimsg.domain.outcome import Accepted, Ambiguous, NotSent, Outcome, Rejected, Scope
from omnimsg.domain.reason import Reason, Retry
from omnimsg.engine.journal import Attempt

if TYPE_CHECKING:
    from collections.abc import Iterator

ATTEMPT = Attempt(token="1", account="main", number=1)

# What the engine may tell of one line: how often it was tried, and with which ends.
KINDS = ("accepted", "rejected", "safe", "mend", "never", "late", "stale", "ambiguous")
ENDS = {
    "accepted": LineState.ACCEPTED,
    "rejected": LineState.REJECTED,
    "safe": LineState.RETRYABLE,
    "mend": LineState.RETRYABLE,
    "never": LineState.NOT_SENT,
    "late": LineState.RETRYABLE,
    "stale": LineState.NOT_SENT,
    "ambiguous": LineState.AMBIGUOUS,
}


def outcome(kind: str, reference: str) -> Outcome:
    """Build an outcome of one of the kinds."""
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
        "mend": (Reason.UNAUTHORIZED, Retry.AFTER_FIX, None),
        "never": (Reason.UNSUPPORTED_CONTENT, Retry.NEVER, "content"),
        "late": (Reason.DEADLINE_EXCEEDED, Retry.NEVER, None),
        "stale": (Reason.DEADLINE_EXCEEDED, Retry.NEVER, "ttl"),
    }[kind]
    failure = Failure(reason=reason, retry=retry, path=path)
    return NotSent(**common, failure=failure, scope=Scope.ACCOUNT)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of messages."""
    file = tmp_path / "many.jsonl"
    file.write_text("whatever\n")
    return file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the results are to be."""
    return tmp_path / "results.jsonl"


@pytest.fixture
def results(path: Path, source: Path) -> Iterator[Results]:
    """The results of a file that is begun."""
    begun = Results.begin(path, source)
    yield begun
    begun.close()


def entries(path: Path) -> list[dict[str, Any]]:
    """Read a results file without its header."""
    return [json.loads(line) for line in path.read_text().splitlines()[1:]]


async def attempt(results: Results, line: int, *ends: str) -> None:
    """Tell what the engine would of one line, the last end being the last word."""
    message = Message("+27820000001", "Hello", reference=results.reference_of(line))
    results.expect(message.reference, line)
    for end in ends:
        await results.intend(ATTEMPT, [message])
        await results.settle(ATTEMPT, [outcome(end, message.reference)])
    results.conclude(outcome(ends[-1], message.reference))


@pytest.mark.anyio
async def test_an_intent_is_there_before_the_request(results: Results, path: Path) -> None:
    """When `intend` returns, the intents of the batch are in the file, after its header."""
    messages = [Message("+27820000001", "Hello", reference=f"r-{line}") for line in (1, 2)]
    for line, message in enumerate(messages, 1):
        results.expect(message.reference, line)

    await results.intend(ATTEMPT, messages)

    header, *rest = await anyio.Path(path).read_text(), *entries(path)
    assert '"omnimsg":"send-many"' in header
    assert [(1, "r-1", "main"), (2, "r-2", "main")] == [
        (each["line"], each["intent"], each["account"]) for each in rest
    ]
    assert LineState.OPEN is results.standings[2]


@pytest.mark.anyio
@pytest.mark.parametrize("kind", KINDS)
async def test_where_an_outcome_leaves_its_line(
    results: Results, path: Path, source: Path, kind: str
) -> None:
    """`retry` decides, and a deadline that passed is another run's patience; read back the same."""
    await attempt(results, 1, kind)
    results.bad(2, [Problem("to", "is missing")])
    results.close()

    again = Results.resume(path, source)

    for each in (results, again):
        assert (ENDS[kind], LineState.BAD) == (each.standings[1], each.standings[2])
    assert LineState.UNTRIED is again.standings[3]
    assert results.batch == again.batch


@pytest.mark.anyio
async def test_the_same_word_is_not_written_twice(results: Results, path: Path) -> None:
    """The last word of the engine is in the file once, whether or not it was settled before."""
    await attempt(results, 1, "safe", "accepted")
    reference = results.reference_of(2)
    results.expect(reference, 2)
    results.conclude(outcome("never", reference))
    await results.flush()

    found = [(each["line"], each.get("outcome", "intent")) for each in entries(path)]

    assert found == [
        *((1, "intent"), (1, "not_sent"), (1, "intent"), (1, "accepted")),
        (2, "not_sent"),
    ]


def test_what_another_run_left_open_is_ambiguous(
    results: Results, path: Path, source: Path
) -> None:
    """It is said in the file, so that every line has a last word for whoever reads it."""
    message = Message("+27820000001", "Hello", reference="r-7")
    results.expect("r-7", 7)
    anyio.run(results.intend, ATTEMPT, [message])
    results.close()

    again = Results.resume(path, source)
    again.close()

    last = entries(path)[-1]
    assert LineState.AMBIGUOUS is again.standings[7]
    assert (7, "ambiguous", "r-7", "main", "unsafe") == (
        last["line"],
        last["outcome"],
        last["reference"],
        last["account"],
        last["failure"]["retry"],
    )


@pytest.mark.anyio
async def test_a_full_disk_keeps_everything_at_home(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its intent nothing may leave; the line stays as it was, for a run that can write."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    message = Message("+27820000001", "Hello", reference="r-1")
    results.expect("r-1", 1)
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        await results.intend(ATTEMPT, [message])
    monkeypatch.undo()
    results.conclude(outcome("never", "r-1"))

    assert LineState.UNTRIED is results.standings[1]
    assert results.broken is not None


def test_beginning_twice(results: Results, path: Path, source: Path) -> None:
    """A file that was sent is not sent again by accident."""
    with pytest.raises(ResultsError, match=r"exists already.*--resume"):
        Results.begin(path, source)


def test_resuming_what_was_not_begun(tmp_path: Path, source: Path) -> None:
    """A slip in the name of the results must not send everything again."""
    with pytest.raises(ResultsError, match="no such results file to resume"):
        Results.resume(tmp_path / "reslts.jsonl", source)


def test_a_changed_file_is_refused(results: Results, path: Path, source: Path) -> None:
    """Its lines would be other messages than those that were recorded; nothing is written."""
    results.close()
    before = path.read_bytes()
    source.write_text("whatever!\n")

    with pytest.raises(ResultsError, match="has changed since"):
        Results.resume(path, source)

    assert before == path.read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        "{}\n",
        "[]\n",
        "to,text\n",
        '{"omnimsg":"send-many","version":2,"sha256":"","batch":"x"}\n',
        '{"omnimsg":"send-many","version":1}\n',
    ],
)
def test_what_is_no_results_file(path: Path, source: Path, text: str) -> None:
    """A file of something else is never appended to."""
    path.write_text(text)

    with pytest.raises(ResultsError):
        Results.resume(path, source)

    assert text == path.read_text()


@pytest.mark.parametrize(
    "damage",
    [
        *("", "x", "[]", "{}", '{"line":0,"bad":[]}', '{"line":"1","bad":[]}', '{"line":1}'),
        *('{"line":1,"intent":1,"account":"a"}', '{"line":1,"intent":"r"}'),
        *('{"line":1,"outcome":"lost"}', '{"line":1,"outcome":"not_sent"}'),
    ],
)
def test_damage_is_not_guessed_at(results: Results, path: Path, source: Path, damage: str) -> None:
    """A whole line that says nothing might have been an intent: the file is refused."""
    results.close()
    path.write_text(path.read_text() + damage + '\n{"line":2,"bad":[]}\n')

    with pytest.raises(ResultsError, match="line 2 is damaged"):
        Results.resume(path, source)


@given(
    lines=st.lists(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3), max_size=6),
    data=st.data(),
)
def test_no_cut_loses_an_intent(lines: list[list[str]], data: st.DataObject) -> None:
    """Wherever the file is cut, what it says was about to leave is never due again by itself."""
    with tempfile.TemporaryDirectory() as folder:
        source, path = Path(folder, "many.jsonl"), Path(folder, "results.jsonl")
        source.write_text("whatever\n")
        _write(path, source, lines)
        whole = path.read_bytes()
        cut = data.draw(st.integers(0, len(whole)), label="cut")
        path.write_bytes(whole[:cut])

        results = Results.resume(path, source)
        results.close()
        read = Results.resume(path, source)
        read.close()

        for line, said in _said(whole[:cut]).items():
            expected = LineState.AMBIGUOUS if said == "intent" else ENDS[said]
            assert expected is results.standings[line]
            assert expected is read.standings[line]


def _write(path: Path, source: Path, lines: list[list[str]]) -> None:
    async def told() -> None:
        results = Results.begin(path, source)
        for number, ends in enumerate(lines, 1):
            await attempt(results, number, *ends)
        results.close()

    anyio.run(told)


def _said(data: bytes) -> dict[int, str]:
    """Read what whole lines say last of each line, by other means than the module's."""
    said = {}
    for raw in data.split(b"\n")[:-1][1:]:
        entry = json.loads(raw)
        if "intent" in entry:
            said[entry["line"]] = "intent"
        elif entry["outcome"] == "not_sent":
            failure = entry["failure"]
            said[entry["line"]] = {
                "rate_limited": "safe",
                "unauthorized": "mend",
                "unsupported_content": "never",
                "deadline_exceeded": "stale" if "path" in failure else "late",
            }[failure["reason"]]
        else:
            said[entry["line"]] = entry["outcome"]
    return said
