"""Checks that no answer of a provider, however broken, becomes an error or a wrong outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import orjson

from omnimsg.adapter import Request, Response
from omnimsg.domain.outcome import Accepted, Ambiguous
from omnimsg.testing import fuzz
from omnimsg.testing.assertions import misjudged, strayed
from omnimsg.testing.harness import Harness, hold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome
    from omnimsg.testing.scripted_answers import Said

# A 5xx, a timeout and a conflict prove nothing about what was done.
UNCERTAIN = frozenset({408, 409, 500, 503})


class AnswerChecks(Harness):
    """Strict out, lenient in."""

    def test_send_reads_nothing_into_an_answer_that_is_cut_off(self) -> None:
        """A body that ends too early, at any byte, is no verdict for anybody."""
        broken: list[str] = []
        for batch, said, name in self._answers():
            run = self.send(batch, self.tell(said))
            whole = run.driven.responses[-1] if run.driven else Response(200)
            is_json = whole.json() is not None
            for where, body in fuzz.cuts(whole.body):
                for wrong, outcomes in self._sent(batch, said, _instead(body)):
                    broken += [f"{name}, {where}, {each}" for each in wrong]
                    if is_json and any(outcomes):
                        broken.append(f"{name}, {where}: gave {_names(outcomes)}")
        hold(broken)

    def test_send_reads_nothing_into_an_answer_that_makes_no_sense(self) -> None:
        """HTML, empty bodies, bare values and deep nests are no verdict, whatever the status."""
        batch = self.batch(self.several)
        said = self.said_variously(batch)
        codes = {row.code for row in self.build().table}
        broken: list[str] = []
        for name, body in fuzz.BODIES.items():
            for status in fuzz.STATUSES:
                where = f"{name} with HTTP {status}"
                for wrong, outcomes in self._sent(batch, said, _instead(body, status)):
                    broken += [f"{where}, {each}" for each in wrong]
                    for index, outcome in enumerate(outcomes):
                        if outcome is None:
                            continue
                        if isinstance(outcome, Accepted) or status < 300:
                            broken.append(f"{where}, message {index}: is {outcome.kind}")
                        elif (
                            status in UNCERTAIN
                            and not isinstance(outcome, Ambiguous)
                            and outcome.failure.code not in codes
                        ):
                            broken.append(
                                f"{where}, message {index}: is {outcome.kind}, which is not proven"
                            )
        hold(broken)

    def test_send_survives_every_wrong_type_in_every_place(self) -> None:
        """A value of another type, or none, anywhere in an answer, raises and swaps nothing."""
        broken: list[str] = []
        for batch, said, name in self._answers():
            run = self.send(batch, self.tell(said))
            whole = run.driven.responses[-1] if run.driven else Response(200)
            ids = [self.provider_id(index) for index in range(len(batch))]
            for where, document in fuzz.mutations(whole.json()):
                body = orjson.dumps(document)
                for wrong, outcomes in self._sent(batch, said, _instead(body)):
                    stray = [] if wrong else strayed(outcomes, ids)
                    broken += [f"{name}, {where}, {each}" for each in (*wrong, *stray)]
        hold(broken)

    def test_send_does_not_mind_unknown_members(self) -> None:
        """Members that nobody documented, in every object of an answer, change no outcome."""
        broken: list[str] = []
        for batch, said, name in self._answers():
            adapter = self.build()
            for wrong, outcomes in self._sent(batch, said, _with_strangers):
                broken += [f"{name}, {each}" for each in wrong]
                broken += [
                    f"{name}, message {index}: {each}"
                    for index, (outcome, one) in enumerate(zip(outcomes, said, strict=not wrong))
                    for each in misjudged(outcome, one, adapter.table, self)
                ]
        hold(broken)

    def test_send_survives_odd_header_lines(self) -> None:
        """Header lines of an answer may be missing, doubled in case, or full of fuzz."""
        batch = self.batch(1)
        said = [self.accept(batch[0], 0)]
        lines = {"Content-Type": "text/html", "RETRY-AFTER": "soon", "Location": "http://[", "": ""}
        broken: list[str] = []
        for headers in ({}, lines):
            for status in fuzz.STATUSES:
                odd = _with_headers(headers, status)
                for wrong, _ in self._sent(batch, said, odd):
                    broken += [f"HTTP {status} with {len(headers)} lines, {each}" for each in wrong]
        hold(broken)

    def _answers(self) -> Iterator[tuple[list[Message], list[Said], str]]:
        """Yield the kinds of answer to spoil: all accepted, various, and refused as a whole."""
        batch = self.batch(min(2, self.several))
        yield batch, [self.accept(each, index) for index, each in enumerate(batch)], "all accepted"
        if self.mixed and len(batch) > 1 and self.rows(self.message_levels):
            yield batch, self.said_variously(batch), "some refused"
        for name, levels in (("one", self.message_levels), ("request", self.request_levels)):
            some = batch[:1] if name == "one" else batch
            for row in self.rows(levels)[:1]:
                yield (
                    some,
                    [self.refuse(each, row.code, row.level) for each in some],
                    (f"the {name} refused"),
                )

    def _sent(
        self,
        batch: Sequence[Message],
        said: Sequence[Said],
        spoil: Callable[[Response], Response],
    ) -> Iterator[tuple[list[str], Sequence[Outcome | None]]]:
        """Send, with the answer spoilt; yield what was wrong, and the outcomes if all was sound."""

        def respond(request: Request) -> Response:
            return spoil(self.answer(request, said))

        run = self.send(batch, respond)
        yield list(run.broken), run.driven.value if run.driven and not run.broken else ()


def _instead(body: bytes, status: int | None = None) -> Callable[[Response], Response]:
    return lambda response: attrs.evolve(
        response, body=body, status=response.status if status is None else status
    )


def _with_headers(headers: dict[str, str], status: int) -> Callable[[Response], Response]:
    return lambda response: attrs.evolve(response, headers=headers, status=status)


def _with_strangers(response: Response) -> Response:
    document = fuzz.with_unknown_members(response.json())
    return attrs.evolve(response, body=orjson.dumps(document))


def _names(outcomes: Sequence[Outcome | None]) -> str:
    return ", ".join("None" if each is None else each.kind for each in outcomes)
