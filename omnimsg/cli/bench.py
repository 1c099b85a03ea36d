"""`omnimsg bench`: what a message costs with the user's own configuration, against the sandbox.

The JSON form is one object:

* `account`, `provider`, `channel`
* `messages`, `callers` (0 is `send_many`), `latency` (seconds) and `warm_up`, the messages that
  were sent before and are in no other figure
* `seconds`, `messages_per_second`
* `cpu_seconds`, `cpu_us_per_message` (microseconds): CPU time of the client; the progress bar's
  is not among it
* `requests`, `messages_per_request`
* `p50_seconds`, `p99_seconds`: from the hand-over of a message to its outcome; null without callers
* `accepted`, `rejected`, `not_sent`, `ambiguous`: how many messages ended so
* `peak_memory_bytes`: of the client's process; null where the system does not say
* `limited_by`: the limit that decided, `name` and `value`; null where none did. A name is a key of
  the account, or `capabilities.requests_per_second`, the provider's documented rate
"""

import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, validators

from omnimsg.cli.errors import DONE, REFUSED, Stop
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.output import COLOURS, json_lines, line, out, plain, table
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.structuring import unknown_choice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rich.text import Text

    from omnimsg.adapter import Adapter
    from omnimsg.cli.load_run import Limit, Measured, Plan
    from omnimsg.cli.progress import Board
    from omnimsg.config import Config
    from omnimsg.domain.channel import Channel

_KINDS = ("accepted", "rejected", "not_sent", "ambiguous")

_Messages = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=10_000_000))]
_Callers = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=100_000))]
_Latency = Annotated[float, Parameter(validator=validators.Number(gte=0, lte=60))]


def bench(  # noqa: PLR0913 - each is a flag
    *,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    messages: _Messages = 5_000,
    callers: _Callers = 0,
    latency: _Latency = 0.0,
    deadline: float = 30.0,
    as_json: Json = False,
) -> int:
    """Measure an account's configuration, without sending anything.

    The account's limits, retries and everything else are yours; only its
    address, credentials and ids are those of a sandbox, which is started for
    it in a process of its own. The account's credentials are not even read.

    Exits with 1 when a message is not accepted.

    Args:
        account: The account to measure; the default account unless given.
        config: The configuration, a TOML file.
        messages: How many to send.
        callers: How many callers of `send` share them; 0 is one `send_many`.
        latency: Seconds by which the sandbox delays each answer, as a network would.
        deadline: Seconds to wait for the provider with each message.
        as_json: Print the figures as JSON.
    """
    import anyio  # noqa: PLC0415 - keeps help fast

    from omnimsg.cli.load_run import Plan  # noqa: PLC0415
    from omnimsg.cli.progress import Board  # noqa: PLC0415
    from omnimsg.cli.sandbox_process import start_sandbox_process  # noqa: PLC0415
    from omnimsg.sandbox import config as reaching  # noqa: PLC0415

    # Before a process is started for it: what is wrong does not depend on the port.
    loaded = redirected(config, account, reaching(1)["accounts"])
    channel = _channel(loaded.adapters[loaded.default])
    plan = Plan(messages=messages, callers=callers, latency=latency, deadline=deadline)
    # What goes wrong is told by the board; the engine would say it once more.
    logging.getLogger("omnimsg.engine").addHandler(logging.NullHandler())
    with start_sandbox_process(latency=latency) as sandbox:
        loaded = redirected(config, account, reaching(sandbox.port)["accounts"])
        with Board(loaded.default, total=messages, unit="message") as board:
            measured = anyio.run(partial(_measured, loaded, plan, sandbox.requests, board))
    adapter = loaded.adapters[loaded.default]
    limits = loaded.policies[loaded.default].limits
    limit = measured.limited_by(limits, adapter.capabilities, latency)
    about = {
        "account": loaded.default,
        "provider": adapter.provider,
        "channel": channel.value,
        "messages": messages,
        "callers": callers,
        "latency": latency,
        "warm_up": plan.warm_up,
    }
    figures = about | _figures(measured, limit)
    if as_json:
        json_lines([figures])
    else:
        _show(figures)
    return DONE if measured.outcomes.get("accepted") == messages else REFUSED


def redirected(
    path: "Path", account: str | None, reaching: "Mapping[str, Mapping[str, Any]]"
) -> "Config":
    """Load one account of a configuration, changed so that it reaches a sandbox.

    What the sandbox has a value for is never read: not from the environment either.

    Args:
        path: The configuration.
        account: The account's name; the default account where it is `None`.
        reaching: By provider, the table of an account that reaches the sandbox.

    Raises:
        ConfigError: The configuration cannot be used, or there is no such account.
        Stop: The sandbox does not know the account's provider.
    """
    from omnimsg.config.loading import config_from, load_config, read_toml  # noqa: PLC0415
    from omnimsg.config.references import resolved  # noqa: PLC0415

    data = read_toml(path)
    tables = data.get("accounts")
    name = account if account is not None else data.get("default")
    if isinstance(tables, dict) and name is None and len(tables) == 1:
        (name,) = tables
    provider = ""
    if not isinstance(tables, dict) or not tables or not isinstance(name, str):
        loaded = load_config(path)  # it says best what is wrong
    elif name not in tables:
        raise ConfigError(f"no account {name!r}: {unknown_choice(name, tables)}")
    else:
        table_ = tables[name]
        if isinstance(table_, dict):
            with suppress(ValueError):  # the loader says what is wrong with it
                provider = resolved(str(table_.get("provider")), folder=path.parent)
            table_ = _changed(table_, reaching.get(provider, {}))
        only = {"default": name, "accounts": {name: table_}}
        loaded = config_from(only, where=str(path), folder=path.parent)
    if provider not in reaching:
        # What was loaded reaches the provider, and must not be used.
        raise Stop(
            f"account {name!r}: the sandbox has no emulator of {provider!r}",
            f"it speaks {', '.join(reaching)}",
        )
    return loaded


def _changed(own: "Mapping[str, Any]", other: "Mapping[str, Any]") -> dict[str, Any]:
    """Put the sandbox's values into an account's table; of a table only what both have."""
    changed = {**own}
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(own.get(key), dict):
            changed[key] = {each: value.get(each, kept) for each, kept in own[key].items()}
        else:
            changed[key] = value
    return changed


def _channel(adapter: "Adapter[Any]") -> "Channel":
    """Return the channel of a message that names none, if it carries a plain text.

    Raises:
        Stop: It does not, or there is none.
    """
    from omnimsg.cli.load_run import texts  # noqa: PLC0415

    message = next(texts())
    failure, channel = adapter.check(message), adapter.channel_of(message)
    if failure is None and channel is not None:
        return channel
    why = "no channel" if failure is None else failure.sentence()
    raise Stop(
        f"account {adapter.account.name!r} cannot send a plain text to a number: {why}",
        "give the account a `channel` that carries one, such as sms",
    )


async def _measured(
    loaded: "Config", plan: "Plan", count: "Callable[[], int]", board: "Board"
) -> "Measured":
    from omnimsg.cli.load_run import measure  # noqa: PLC0415
    from omnimsg.client import Client  # noqa: PLC0415

    adapters = loaded.adapters.values()
    async with Client(adapters, default=loaded.default, policies=loaded.policies) as client:
        return await measure(client, plan, count=count, heard=board.concluded)


def _figures(measured: "Measured", limit: "Limit | None") -> dict[str, Any]:
    from omnimsg.cli.load_run import peak_memory  # noqa: PLC0415

    return {
        "seconds": round(measured.seconds, 6),
        "messages_per_second": round(measured.messages / measured.seconds, 1),
        "cpu_seconds": round(measured.cpu, 6),
        "cpu_us_per_message": round(measured.cpu / measured.messages * 1e6, 1),
        "requests": measured.requests,
        "messages_per_request": round(measured.messages / max(1, measured.requests), 2),
        "p50_seconds": measured.wait(0.5),
        "p99_seconds": measured.wait(0.99),
        **{kind: measured.outcomes.get(kind, 0) for kind in _KINDS},
        "peak_memory_bytes": peak_memory(),
        "limited_by": None if limit is None else {"name": limit.name, "value": limit.value},
    }


def _show(figures: dict[str, Any]) -> None:
    callers = figures["callers"]
    parts = [
        figures["provider"],
        figures["channel"],
        f"{callers:,} callers of `send`" if callers else "one `send_many`",
        *([f"answers after {figures['latency']:g} s"] if figures["latency"] else []),
    ]
    about = ", ".join(parts)
    shown = table(figures["account"], about, folds=(about,))
    for name, text in _rows(figures):
        shown.add_row(name, text)
    out().print(shown)
    line()
    warm_up = figures["warm_up"]
    line((f"Nothing left this machine. {warm_up:,} more messages went before, to warm up.", "dim"))


def _rows(figures: dict[str, Any]) -> "list[tuple[str, Text]]":
    seconds, cpu = figures["seconds"], figures["cpu_seconds"]
    rows = [
        ("messages", plain(f"{figures['messages']:,} in {_time(seconds)}")),
        ("messages a second", plain(f"{figures['messages_per_second']:,.0f}")),
        (
            "CPU time a message",
            plain(f"{figures['cpu_us_per_message']:,.1f} µs; {cpu / seconds:.0%} of one core"),
        ),
        (
            "requests",
            plain(f"{figures['requests']:,}, {figures['messages_per_request']:,.1f} messages each"),
        ),
        ("outcomes", _outcomes(figures)),
    ]
    if figures["p50_seconds"] is not None:
        p50, p99 = (_time(figures[key]) for key in ("p50_seconds", "p99_seconds"))
        rows.append(("hand-over to outcome", plain(f"p50 {p50}, p99 {p99}")))
    if figures["peak_memory_bytes"] is not None:
        rows.append(("peak memory", plain(f"{figures['peak_memory_bytes'] / 1e6:,.0f} MB")))
    rows.append(("limited by", _limit(figures["limited_by"])))
    return rows


def _outcomes(figures: dict[str, Any]) -> "Text":
    from rich.text import Text  # noqa: PLC0415

    return Text(", ").join(
        Text(f"{figures[kind]:,} {kind.replace('_', ' ')}", COLOURS[kind])
        for kind in _KINDS
        if figures[kind]
    )


def _limit(found: dict[str, Any] | None) -> "Text":
    from rich.text import Text  # noqa: PLC0415

    if found is None:
        return Text("no limit of the account", "dim")
    if found["name"] == "capabilities.requests_per_second":
        return Text(f"the provider's {found['value']:,g} requests a second", "yellow")
    return Text(f"{found['name']} = {found['value']:,g}", "yellow")


def _time(seconds: float) -> str:
    return f"{seconds:,.2f} s" if seconds >= 1 else f"{seconds * 1e3:,.1f} ms"
