"""`omnimsg send`: send a message to one recipient or to several.

The JSON form is that of `omnimsg.domain.serialization.outcome_to_json`, one object per recipient in
the given order, with `id` in front. Members that have their default value are left out.

* `id`: the argument of `omnimsg status`; null if there is none
* `outcome`: `accepted`, `rejected`, `not_sent` or `ambiguous`
* `reference`, `account`, `position` (from 0)
* accepted: `provider_id`, `legs`, `usage`, `raw`
* otherwise `failure`: `reason`, `retry`, `fault` (if it is not the reason's usual one), `detail`,
  `path`, `retry_after`, `code`, `http_status`, `request_id`, `raw`; and, for `not_sent`, `scope`
  beside `failure`, if it is `account`

Numbers and e-mail addresses inside `raw` and `detail`, which come from the provider, are masked.
"""

import signal
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from omnimsg.cli.errors import advice_for
from omnimsg.cli.exit_codes import INTERRUPTED, UNCERTAIN, exit_code_of
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds
from omnimsg.cli.message_flags import MessageFlags, messages_from_flags
from omnimsg.cli.output import (
    closed_output_ignored,
    print_error,
    print_hint,
    print_json_lines,
    print_line,
    recipient_text,
    sanitize,
    spaced,
    word_text,
)
from omnimsg.cli.wait_text import failure_text
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.redaction import mask_text

if TYPE_CHECKING:
    from anyio import Event

    from omnimsg.client import Client
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome

# Seconds that requests in flight get to end after Ctrl+C.
_GRACE = 2.0


def send(
    flags: Annotated[MessageFlags, Parameter(name="*")] = MessageFlags(),  # noqa: B008 - frozen
    *,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: Seconds = 30.0,
    as_json: Json = False,
) -> int:
    """Send a message, to one recipient or to several.

    Exits with 0 when every message was accepted, 1 when one was rejected
    or not sent, 2 when the command line or the configuration is wrong, and
    3 when one may or may not have been sent: do not repeat that message.

    Args:
        flags: The flags that describe the messages.
        account: The account to send through; that of the message's route, or
            the default account, unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider, retries included.
        as_json: Print JSON lines.
    """
    messages = messages_from_flags(flags)
    import anyio  # noqa: PLC0415 - keeps help fast

    outcomes, interrupted = anyio.run(partial(_send, config, messages, account, deadline))
    if as_json:
        with closed_output_ignored():
            print_json_lines(map(outcome_to_json_with_id, outcomes))
    advised: set[str] = set()
    for message, outcome in zip(messages, outcomes, strict=True):
        with closed_output_ignored():
            _report(message, outcome, advised, quiet=as_json)
    accepted = [outcome.id for outcome in outcomes if isinstance(outcome, Accepted)]
    if accepted and not as_json:
        with closed_output_ignored():
            print_hint(f"`omnimsg status {sanitize(accepted[-1])}` shows whether it arrived")
    code = exit_code_of({outcome.kind for outcome in outcomes})
    return INTERRUPTED if interrupted and code != UNCERTAIN else code


async def _send(
    config: Path, messages: list["Message"], account: str | None, deadline: float
) -> tuple[list["Outcome"], bool]:
    """Send the messages; return their outcomes, and whether Ctrl+C has interrupted the run."""
    import anyio  # noqa: PLC0415

    from omnimsg.client import Client  # noqa: PLC0415

    async with Client.from_config(config, default=account) as client:
        closing = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(_close_on_interrupt, client, closing)
            stream = client.send_many(messages, account=account, deadline=deadline)
            outcomes = [outcome async for outcome in stream]
            group.cancel_scope.cancel()
    return sorted(outcomes, key=lambda outcome: outcome.position or 0), closing.is_set()


async def _close_on_interrupt(client: "Client", closing: "Event") -> None:
    """At Ctrl+C, cancel queued messages, and wait `_GRACE` seconds for requests in flight.

    Every message gets an outcome, so that the user knows which ones were sent.
    """
    import anyio  # noqa: PLC0415

    # On systems without signal handlers, Ctrl+C ends the command at once.
    with suppress(NotImplementedError), anyio.open_signal_receiver(signal.SIGINT) as signals:
        async for _ in signals:
            closing.set()
            await client.aclose(deadline=_GRACE)
            return


def outcome_to_json_with_id(outcome: "Outcome") -> dict[str, Any]:
    """Convert an outcome to the JSON form of this module."""
    from omnimsg.domain.serialization import outcome_to_json  # noqa: PLC0415

    message_id = outcome.id if isinstance(outcome, Accepted) else None
    return {"id": message_id, **_masked(outcome_to_json(outcome))}


def _masked(value: Any, *, from_provider: bool = False) -> Any:  # noqa: ANN401 - JSON data
    """Mask numbers and addresses in the provider's texts, but not in ids and other members."""
    if isinstance(value, dict):
        return {
            key: _masked(each, from_provider=from_provider or key in ("raw", "detail"))
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_masked(each, from_provider=from_provider) for each in value]
    return mask_text(value) if from_provider and isinstance(value, str) else value


def _report(message: "Message", outcome: "Outcome", advised: set[str], *, quiet: bool) -> None:
    """Print an outcome, with advice that was not given before; with `quiet`, only a failure."""
    to = recipient_text(message)
    if not isinstance(outcome, Accepted):
        what = f"{to}: {spaced(outcome.kind)} by {outcome.account}"
        advice = advice_for(outcome.failure)
        known = advice in advised
        advised.add(advice)
        print_error(f"{what}: {failure_text(outcome.failure)}", None if known else advice)
        return
    if quiet:
        return
    print_line(word_text(outcome.kind), f"   {to} through {outcome.account}")
    print_line(("reference  ", "dim"), sanitize(mask_text(outcome.reference)))
    print_line(("id         ", "dim"), sanitize(outcome.id))
