"""`omnimsg send-many --check`: check a file of messages and print the findings, without sending.

The JSON form is one object per line that would not be sent, then one per recipient of several
messages, then the summary:

* `line`, `bad` (a list of `field` and `why`): the line is not a message
* `line`, `refused` (the reason), `why`: the account would not send the message
* `recipient` (masked), `lines`
* `messages` (how many would be sent), `bad`, `refused`, `repeated` (recipients of several
  messages), `kept` (columns that no message uses), `encoding`, `numbers_read`, and `to_send`: a
  list of `account` (null if routes decide), `channel`, `content` and `count`
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from omnimsg.bulk import FileChangedError
from omnimsg.bulk.check import BadLine, FileCheck
from omnimsg.cli.exit_codes import FAILED, OK
from omnimsg.cli.message_files import (
    bad_line_to_json,
    print_numbers_read,
    problems_text,
    refused_file,
    region_advice,
    unusable_file,
)
from omnimsg.cli.output import print_error, print_hint, print_json_lines, print_line, sanitize
from omnimsg.client import Client
from omnimsg.domain.redaction import mask_text

if TYPE_CHECKING:
    from omnimsg.bulk import MessageFile
    from omnimsg.bulk.check import RefusedLine, Repetition
    from omnimsg.config import Config

# How many line numbers of one recipient are printed; the JSON form has all.
_SHOWN_LINES = 10


def check_file(
    messages: MessageFile,
    loaded: Config,
    account: str | None,
    region: str | None,
    *,
    as_json: bool,
) -> int:
    """Check a file of messages, print the findings, and return the exit code."""
    try:
        return anyio.run(partial(_check, messages, loaded, account, region, as_json=as_json))
    except FileChangedError as error:
        raise refused_file(messages.source.path, error) from error
    except OSError as error:
        raise unusable_file(messages.source.path, error) from error


async def _check(
    messages: MessageFile,
    loaded: Config,
    account: str | None,
    region: str | None,
    *,
    as_json: bool,
) -> int:
    counts = {"bad": 0, "refused": 0}
    advice: str | None = None
    async with Client.from_config(loaded) as client:
        check = FileCheck(messages, partial(client.preview, account=account), region)
        for found in check.problems():
            if isinstance(found, BadLine):
                counts["bad"] += 1
                advice = advice or region_advice(found.problems, region)
            else:
                counts["refused"] += 1
            if as_json:
                print_json_lines([_problem_to_json(found)])
            else:
                _print_problem(found)
        repetitions = check.repetitions()
        name = account or (None if loaded.routes else client.default)
    summary = {
        "messages": check.to_send.total(),
        **counts,
        "repeated": len(repetitions),
        "kept": list(messages.kept),
        "encoding": messages.source.encoding_name,
        "numbers_read": check.numbers_read,
        "to_send": [
            {"account": name, "channel": channel, "content": content, "count": count}
            for (channel, content), count in check.to_send.most_common()
        ],
    }
    if as_json:
        print_json_lines(
            [*({"recipient": each.recipient, "lines": each.lines} for each in repetitions), summary]
        )
    else:
        _print_summary(summary, check, repetitions, region)
        if advice is not None:
            print_hint(advice)
    return FAILED if any(counts.values()) else OK


def _problem_to_json(found: BadLine | RefusedLine) -> dict[str, Any]:
    if isinstance(found, BadLine):
        return bad_line_to_json(found.line, found.problems)
    failure = found.outcome.failure
    return {"line": found.line, "refused": failure.reason, "why": mask_text(failure.sentence())}


def _print_problem(found: BadLine | RefusedLine) -> None:
    if isinstance(found, BadLine):
        print_error(f"line {found.line}: {problems_text(found.problems)}")
    else:
        why = mask_text(found.outcome.failure.sentence())
        print_error(f"line {found.line}: would not be sent by {found.outcome.account}: {why}")


def _print_summary(
    summary: dict[str, Any], check: FileCheck, repetitions: list[Repetition], region: str | None
) -> None:
    count = summary["messages"]
    parts = [f"{count:,} {'message' if count == 1 else 'messages'} would be sent"]
    parts += [f"{summary[kind]:,} {kind}" for kind in ("bad", "refused") if summary[kind]]
    print_line(", ".join(parts))
    for row in summary["to_send"]:
        channel = f" by {row['channel']}" if row["channel"] else ""
        way = row["account"] or "the routes"
        what = f"{row['count']:,} {row['content']}{channel} through {way}"
        print_line(("to send  ", "dim"), sanitize(what))
    for each in repetitions:
        lines = ", ".join(f"{line}" for line in each.lines[:_SHOWN_LINES])
        more = len(each.lines) - _SHOWN_LINES
        lines += f" and {more:,} more" if more > 0 else ""
        print_line(("repeats  ", "dim"), sanitize(f"{each.recipient} lines {lines}"))
    print_numbers_read(check.numbers_read, region)
    if summary["bad"] or summary["refused"]:
        print_hint("nothing was sent; correct these lines, or they will be left out")
