"""Measure building, encoding and decoding, in CPU time per message.

Run `python benchmarks/codec.py`. There is no network and no event loop: only the work that is done
for every message. Times depend on the machine and the moment; compare the rows of one run only.
"""

from __future__ import annotations

import argparse
import statistics
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from omnimsg import Message, Secret
from omnimsg.adapter import Account, Context, Response
from omnimsg.testing import drive
from omnimsg_clickatell import ClickatellAdapter, ClickatellSettings

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 100


def main() -> None:
    """Measure each step in interleaved rounds and print the median and the range."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=15, help="how often each step is measured")
    options.add_argument("--batches", type=int, default=20, help="batches of 100 in a round")
    given = options.parse_args()
    adapter = ClickatellAdapter(
        Account(
            name="bench",
            settings=ClickatellSettings(api_key=Secret("none")),
            base_url="http://127.0.0.1",
        )
    )
    context = Context(account="bench", now=datetime.now(UTC))
    messages = _build()
    answer = Response(202, _answer(messages))

    def encode() -> None:
        next(adapter.send(messages, context))

    def encode_and_decode() -> None:
        drive(adapter.send(messages, context), lambda _: answer)

    def check() -> None:
        for message in messages:
            adapter.check(message)

    steps: dict[str, Callable[[], object]] = {
        "build a message": _build,
        "check it": check,
        "encode it": encode,
        "encode it and decode its answer": encode_and_decode,
    }
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(given.rounds):
        for name, step in steps.items():
            began = time.process_time()
            for _ in range(given.batches):
                step()
            taken[name].append((time.process_time() - began) / given.batches / BATCH * 1e6)
    width = max(map(len, steps))
    print(f"{'step':{width}}  us/message  range")
    for name, each in taken.items():
        print(
            f"{name:{width}}  {statistics.median(each):10.2f}  {min(each):.2f} to {max(each):.2f}"
        )


def _build() -> list[Message]:
    return [Message(f"+2782000{number:04}", "Your table is ready") for number in range(BATCH)]


def _answer(messages: list[Message]) -> bytes:
    return orjson.dumps(
        {
            "messages": [
                {
                    "apiMessageId": f"{number:032x}",
                    "accepted": True,
                    "to": str(message.to)[1:],
                    "clientMessageId": message.reference,
                    "error": None,
                }
                for number, message in enumerate(messages)
            ],
            "error": None,
        }
    )


if __name__ == "__main__":
    main()
