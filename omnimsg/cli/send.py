"""`omnimsg send`: hand messages to a provider.

The JSON form is that of `omnimsg.domain.serialization.outcome_to_json`, one object per recipient in
the order given, with `id` in front. Members that hold their default are left out.

* `id`: what `omnimsg status` takes; null where there is none
* `outcome`: `accepted`, `rejected`, `not_sent` or `ambiguous`
* `reference`, `account`, `position` (from 0)
* accepted: `provider_id`, `legs`, `usage`, `raw`
* otherwise `failure`: `reason`, `retry`, `fault` (where it is not the reason's usual one),
  `detail`, `path`, `retry_after`, `code`, `http_status`, `request_id`, `raw`; and, for `not_sent`,
  `scope` beside it where it is `account`

Numbers and e-mail addresses inside `raw` and `detail`, the provider's own words, are masked.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from omnimsg.cli.errors import advice, code_of
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.message_flags import Flags, messages_from_flags
from omnimsg.cli.output import (
    clean,
    json_lines,
    line,
    masked_address,
    say_error,
    say_hint,
    word,
)
from omnimsg.domain.outcome import Accepted
from omnimsg.domain.redaction import mask_text

if TYPE_CHECKING:
    from omnimsg.domain.message import Message
    from omnimsg.domain.outcome import Outcome


def send(
    flags: Annotated[Flags, Parameter(name="*")] = Flags(),  # noqa: B008 - frozen
    *,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: float = 30.0,
    as_json: Json = False,
) -> int:
    """Send a message, to one recipient or to several.

    Exits with 0 when every message was accepted, 1 when one was rejected
    or not sent, 2 when the command line or the configuration is wrong, and
    3 when one may or may not have been sent: do not repeat that one.

    Args:
        flags: What to send, and to whom.
        account: The account to send through; the default account unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider, further attempts included.
        as_json: Print JSON lines.
    """
    messages = messages_from_flags(flags)
    import anyio  # noqa: PLC0415 - keeps help fast

    outcomes = anyio.run(partial(_send, config, messages, account, deadline))
    if as_json:
        json_lines(map(outcome_as_json, outcomes))
    for sent, outcome in zip(messages, outcomes, strict=True):
        _show(sent, outcome, quiet=as_json)
    return code_of({outcome.kind for outcome in outcomes})


async def _send(
    config: Path, messages: list["Message"], account: str | None, deadline: float
) -> list["Outcome"]:
    from omnimsg.client import Client  # noqa: PLC0415

    async with Client.from_config(config) as client:
        stream = client.send_many(messages, account=account, deadline=deadline)
        outcomes = [outcome async for outcome in stream]
    return sorted(outcomes, key=lambda outcome: outcome.position or 0)


def outcome_as_json(outcome: "Outcome") -> dict[str, Any]:
    """Write an outcome in the form that the module describes."""
    from omnimsg.domain.serialization import outcome_to_json  # noqa: PLC0415

    found = outcome.id if isinstance(outcome, Accepted) else None
    return {"id": found, **_masked(outcome_to_json(outcome))}


def _masked(value: Any, *, own_words: bool = False) -> Any:  # noqa: ANN401 - JSON data
    """Mask numbers and addresses in a provider's own words, and nowhere else: not in ids."""
    if isinstance(value, dict):
        return {
            key: _masked(each, own_words=own_words or key in ("raw", "detail"))
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_masked(each, own_words=own_words) for each in value]
    return mask_text(value) if own_words and isinstance(value, str) else value


def _show(message: "Message", outcome: "Outcome", *, quiet: bool) -> None:
    to = masked_address(message.to if isinstance(message.to, str) else repr(message.to))
    if not isinstance(outcome, Accepted):
        verdict, failure = outcome.kind.replace("_", " "), outcome.failure
        say_error(f"{to}: {verdict} by {outcome.account}: {failure.sentence()}", advice(failure))
        return
    if quiet:
        return
    line(word(outcome.kind), f"  {to} through {outcome.account}")
    line(("reference  ", "dim"), clean(mask_text(outcome.reference)))
    if outcome.id is not None:
        line(("id         ", "dim"), clean(outcome.id))
        say_hint(f"`omnimsg status {outcome.id}` tells whether it arrived")
