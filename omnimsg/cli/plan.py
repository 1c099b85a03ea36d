"""`omnimsg plan`: show what would become of a message, and why, without sending it.

The JSON form is one object per message:

* `line`: for a file, the number of the line; if the line is not a message, the only other member is
  `bad` (a list of `field` and `why`)
* `reference`, `route` (or null), `account`, `provider`, `why`, `next` (accounts)
* `passed_over`: a list of `account`, `reason` and `detail`
* `channel` (or null), `legs`: a list of `channel`, `account`, `ttl` (or null) and `by_provider`
* `sms` (or null): `encoding`, `units`, `parts`, `left`, `forcing` (characters)
* `notes`
* `refusal` (or null): `reason`, `detail`
* `wait`: seconds; null means until a request in flight has ended
* `price` (or null): `amount` (as text), `currency`
* `request` (or null): `method`, `url`, `query`, `headers`, `body`, with secrets as `***`
"""

from __future__ import annotations

import math
import unicodedata
from functools import partial
from pathlib import Path  # noqa: TC003 - cyclopts resolves the annotations of a command
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from omnimsg.cli.errors import CommandError
from omnimsg.cli.exit_codes import FAILED, OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, flag_list
from omnimsg.cli.message_files import (
    ReadingFlags,
    bad_line_to_json,
    open_messages,
    problems_text,
    refused_file,
    region_advice,
    unusable_file,
)
from omnimsg.cli.message_flags import MessageFlags, messages_from_flags
from omnimsg.cli.output import (
    print_error,
    print_hint,
    print_json_lines,
    print_line,
    print_sentence,
    recipient_text,
    sanitize,
    spaced,
)
from omnimsg.domain.redaction import mask_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnimsg.domain.errors import InvalidValue
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import NotSent
    from omnimsg.domain.sms_parts import SmsParts
    from omnimsg.routing.masked_request import MaskedRequest
    from omnimsg.routing.plan import Plan, PlannedLeg


def plan(  # noqa: PLR0913 - the flags of a command
    file: Annotated[Path | None, Parameter(group="Arguments")] = None,
    flags: Annotated[MessageFlags, Parameter(name="*")] = MessageFlags(),  # noqa: B008 - frozen
    *,
    encoding: str | None = None,
    renamed: Annotated[tuple[str, ...], Parameter(name="--map", show_default=False)] = (),
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    as_json: Json = False,
) -> int:
    """Show what would become of a message, and why, without sending it.

    Exits with 0 when every message would leave, 1 when one would not, and
    2 when the command line or the configuration is wrong.

    Args:
        file: A file of messages as for `send-many`, in place of the flags that describe messages;
            --text then is the text of every message of a CSV file.
        flags: The flags that describe the messages.
        encoding: The encoding of the file, such as cp1252; UTF-8 unless given.
        renamed: NAME=COLUMN: read the column NAME of a CSV file as COLUMN. May be repeated.
        account: The account to plan for; that of the message's route unless given.
        config: The configuration, a TOML file.
        as_json: Print JSON lines.
    """
    messages: Iterator[tuple[int | None, Message | InvalidValue]]
    if file is None:
        if encoding is not None or renamed:
            what = "--encoding and --map are for a file of messages"
            raise CommandError(what, "name the file, or leave them out")
        messages = iter([(None, each) for each in messages_from_flags(flags, "plan")])
    else:
        stray = flags.given() - {"text", "region"}
        if stray:
            raise CommandError(
                f"{flag_list(stray)} cannot be used with a file of messages",
                "leave out what the lines of the file say",
            )
        reading = ReadingFlags(encoding=encoding, map=renamed, text=flags.text, region=flags.region)
        messages = _read(file, reading)
    import anyio  # noqa: PLC0415 - keeps help fast

    return anyio.run(partial(_plan, config, messages, account, flags.region, as_json=as_json))


async def _plan(
    config: Path,
    messages: Iterator[tuple[int | None, Message | InvalidValue]],
    account: str | None,
    region: str | None,
    *,
    as_json: bool,
) -> int:
    from omnimsg.client import Client  # noqa: PLC0415 - keeps help fast
    from omnimsg.domain.message import Message  # noqa: PLC0415

    code = OK
    advice: str | None = None
    async with Client.from_config(config, default=account) as client:
        for line, message in messages:
            if not isinstance(message, Message):
                code = FAILED
                _print_bad(line, message, as_json=as_json)
                advice = advice or region_advice(message.problems, region)
                continue
            found = client.plan(message, account=account)
            if found.refusal is not None:
                code = FAILED
            if as_json:
                own = {} if line is None else {"line": line}
                print_json_lines([own | plan_to_json(found)])
            else:
                _print(line, found)
    if advice is not None:
        print_hint(advice)
    return code


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Convert a plan to the JSON form of this module."""
    from omnimsg.domain.serialization import to_json  # noqa: PLC0415 - keeps help fast

    return {
        "reference": plan.message.reference,
        "route": plan.route,
        "account": plan.account,
        "provider": plan.provider,
        "why": plan.why,
        "next": list(plan.next),
        "passed_over": [
            {"account": each.account, **_failure(each.outcome)} for each in plan.passed_over
        ],
        "channel": plan.channel,
        "legs": [to_json(each) | {"ttl": each.ttl} for each in plan.legs],
        "sms": plan.sms and {"forcing": [], **to_json(plan.sms), "left": plan.sms.left},
        "notes": list(plan.notes),
        "refusal": None if plan.refusal is None else _failure(plan.refusal),
        "wait": None if plan.wait == math.inf else plan.wait,
        "price": plan.price
        and {"amount": f"{plan.price.amount:f}", "currency": plan.price.currency},
        "request": plan.request
        and {
            "method": plan.request.method,
            "url": plan.request.url,
            "query": [list(each) for each in plan.request.query],
            "headers": dict(plan.request.headers),
            "body": plan.request.body,
        },
    }


def _failure(outcome: NotSent) -> dict[str, Any]:
    return {"reason": outcome.reason.value, "detail": mask_text(outcome.failure.detail)}


def _read(file: Path, reading: ReadingFlags) -> Iterator[tuple[int, Message | InvalidValue]]:
    """Read a file, and yield the number of each line with its message, or with its problems."""
    from omnimsg.bulk import FileChangedError, FileFormatError  # noqa: PLC0415 - keeps help fast
    from omnimsg.bulk.parsing import LineParser  # noqa: PLC0415
    from omnimsg.domain.errors import InvalidValue  # noqa: PLC0415

    try:
        messages = open_messages(file, reading)
        parser = LineParser(messages, "plan-{}".format, reading.region)
        for line in messages.read():
            try:
                message: Message | InvalidValue = parser.parse(line)
            except InvalidValue as error:
                message = error
            yield line.number, message
    except (FileChangedError, FileFormatError) as error:
        raise refused_file(file, error) from error
    except OSError as error:
        raise unusable_file(file, error) from error


def _print_bad(line: int | None, error: InvalidValue, *, as_json: bool) -> None:
    if as_json:
        print_json_lines([bad_line_to_json(line, error.problems)])
    else:
        print_error(f"line {line}: {sanitize(problems_text(error.problems))}")


def _leg_text(leg: PlannedLeg) -> str:
    channel = "not known" if leg.channel is None else leg.channel.value
    return channel if leg.by_provider else f"{channel} through {leg.account} (by omnimsg)"


def _print(line: int | None, plan: Plan) -> None:
    message = plan.message
    to = recipient_text(message)
    where = "" if line is None else f"line {line}: "
    print_line((f"{where}{to}", "bold"), f" through {plan.account} ({plan.provider})")
    rows = [("why", plan.why)]
    rows += [
        ("not through", f"{each.account}: {each.outcome.failure.sentence()}")
        for each in plan.passed_over
    ]
    if plan.next:
        rows.append(("then", ", ".join(plan.next)))
    channel = "not known" if plan.channel is None else plan.channel.value
    rows.append(("channel", ", else ".join((channel, *map(_leg_text, plan.legs)))))
    rows += _sms_rows(plan.sms) if plan.sms is not None else ()
    rows += [("note", each) for each in plan.notes]
    if plan.price is not None:
        rows.append(("price", f"about {plan.price.amount:f} {plan.price.currency}"))
    if plan.wait == math.inf:
        rows.append(("limits", "it waits until another request is answered"))
    elif plan.wait > 0:
        rows.append(("limits", f"it waits for {plan.wait:.2f} s"))
    if plan.refusal is not None:
        rows.append(("refused", plan.refusal.failure.sentence()))
    for name, value in rows:
        print_sentence((f"{name:<12}", "dim"), value)
    # A request may be copied, so it is never broken.
    for name, value in _request_rows(plan.request) if plan.request is not None else ():
        print_line((f"{name:<12}", "dim"), sanitize(value))
    print_line()


def _sms_rows(sms: SmsParts) -> Iterator[tuple[str, str]]:
    encoding = sms.encoding.value.replace("_", "-")
    parts = "1 part" if sms.parts == 1 else f"{sms.parts} parts"
    units = "1 unit" if sms.units == 1 else f"{sms.units} units"
    yield "sms", f"{encoding}, {parts}, {units}, {sms.left} left"
    if sms.forcing:
        names = ", ".join(f"{each!r} ({_name(each)})" for each in sms.forcing[:5])
        more = f" and {len(sms.forcing) - 5} more" if len(sms.forcing) > 5 else ""
        yield "because of", f"{names}{more}"


def _request_rows(request: MaskedRequest) -> Iterator[tuple[str, str]]:
    yield "request", f"{request.method} {request.url}"
    yield from (("", f"{name}: {value}") for name, value in request.headers.items())
    if request.body is not None:
        yield "body", request.body


def _name(character: str) -> str:
    return spaced(unicodedata.name(character, f"U+{ord(character):04X}").lower())
