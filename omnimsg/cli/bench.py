"""`omnimsg bench`: measure the user's own configuration against a sandbox.

The JSON form is one object:

* `account`, `provider`, `channel`
* `messages`, `callers` (0 is `send_many`), `latency` (seconds) and `warm_up`, the number of
  messages that were sent before the measurement and count in no other figure
* `seconds`, `messages_per_second`
* `cpu_seconds`, `cpu_us_per_message` (microseconds): CPU time of the client, without that of the
  progress bar
* `requests`, `messages_per_request`
* `p50_seconds`, `p99_seconds`: from the call of `send` to its outcome; null without callers
* `accepted`, `rejected`, `not_sent`, `ambiguous`: how many messages have this outcome
* `peak_memory_bytes`: of the client's process; null if the system does not report it
* `limited_by`: the limit that determined the duration of the run, `name` and `value`; null if none
  did. A name is a key of the account, or `capabilities.requests_per_second`, the provider's
  documented rate
"""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, validators

from omnimsg.cli.exit_codes import FAILED, OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds, whole_number
from omnimsg.cli.log_lines import unlogged
from omnimsg.cli.output import (
    OUTCOME_KINDS,
    counts_text,
    new_table,
    print_json_lines,
    print_line,
    print_table,
    styled,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from omnimsg.cli.bench_run import DecisiveLimit, LoadResult


_Messages = Annotated[int, whole_number(1, 10_000_000)]
_Callers = Annotated[int, whole_number(0, 100_000)]
_Latency = Annotated[float, Parameter(validator=validators.Number(gte=0, lte=60))]


def bench(  # noqa: PLR0913 - each is a flag
    *,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    messages: _Messages = 5_000,
    callers: _Callers = 0,
    latency: _Latency = 0.0,
    deadline: Seconds = 30.0,
    as_json: Json = False,
) -> int:
    """Measure an account's configuration, without sending anything.

    The benchmark uses your account's limits, retries and other settings, but
    the URL, credentials and ids of a sandbox, which it starts in another
    process. The account's own credentials are not read.

    Exits with 1 when a message is not accepted.

    Args:
        account: The account to measure; the default account unless given.
        config: The configuration, a TOML file.
        messages: The number of messages to send.
        callers: The number of concurrent callers of `send`; 0 uses one `send_many`.
        latency: Seconds by which the sandbox delays each answer, as a network would.
        deadline: Seconds to wait for the provider for each message.
        as_json: Print the figures as JSON.
    """
    import anyio  # noqa: PLC0415 - keeps help fast

    from omnimsg.cli.bench_run import LoadPlan, channel_for_text, run_load  # noqa: PLC0415
    from omnimsg.cli.config_for_sandbox import load_config_for_sandbox  # noqa: PLC0415
    from omnimsg.cli.progress import ProgressDisplay  # noqa: PLC0415
    from omnimsg.cli.sandbox_process import start_sandbox_process  # noqa: PLC0415
    from omnimsg.sandbox import config as sandbox_config  # noqa: PLC0415

    # Report a wrong configuration before starting the sandbox; the port does not matter for that.
    loaded = load_config_for_sandbox(config, account, sandbox_config(1)["accounts"])
    channel = channel_for_text(loaded.adapters[loaded.default])
    plan = LoadPlan(messages=messages, callers=callers, latency=latency, deadline=deadline)
    # The progress display reports failures.
    with unlogged("omnimsg.engine"), start_sandbox_process(latency=latency) as sandbox:
        loaded = load_config_for_sandbox(config, account, sandbox_config(sandbox.port)["accounts"])
        with ProgressDisplay(loaded.default, total=messages, unit="message") as display:
            run = partial(run_load, count_requests=sandbox.requests, on_outcome=display.on_outcome)
            result = anyio.run(run, loaded, plan)
    adapter = loaded.adapters[loaded.default]
    limits = loaded.policies[loaded.default].limits
    limit = result.limited_by(limits, adapter.capabilities, latency)
    setup = {
        "account": loaded.default,
        "provider": adapter.provider,
        "channel": channel.value,
        "messages": messages,
        "callers": callers,
        "latency": latency,
        "warm_up": plan.warm_up,
    }
    figures = setup | _figures(result, limit)
    if as_json:
        print_json_lines([figures])
    else:
        _print(figures)
    return OK if result.outcomes.get("accepted") == messages else FAILED


def _figures(result: "LoadResult", limit: "DecisiveLimit | None") -> dict[str, Any]:
    from omnimsg.cli.bench_run import peak_memory  # noqa: PLC0415

    return {
        "seconds": round(result.seconds, 6),
        "messages_per_second": round(result.messages / result.seconds, 1),
        "cpu_seconds": round(result.cpu, 6),
        "cpu_us_per_message": round(result.cpu / result.messages * 1e6, 1),
        "requests": result.requests,
        "messages_per_request": round(result.messages / max(1, result.requests), 2),
        "p50_seconds": result.wait_percentile(0.5),
        "p99_seconds": result.wait_percentile(0.99),
        **{kind: result.outcomes.get(kind, 0) for kind in OUTCOME_KINDS},
        "peak_memory_bytes": peak_memory(),
        "limited_by": None if limit is None else {"name": limit.name, "value": limit.value},
    }


def _print(figures: dict[str, Any]) -> None:
    callers = figures["callers"]
    parts = [
        figures["provider"],
        figures["channel"],
        f"{callers:,} callers of `send`" if callers else "one `send_many`",
        *([f"answers after {figures['latency']:g} s"] if figures["latency"] else []),
    ]
    setup = ", ".join(parts)
    table = new_table(figures["account"], setup, folds=(setup,))
    for label, text in _rows(figures):
        table.add_row(label, styled(text))
    print_table(table)
    print_line()
    warm_up = f"{figures['warm_up']:,} more messages were sent before, to warm up."
    print_line((f"Nothing left this machine. {warm_up}", "dim"))


def _rows(figures: dict[str, Any]) -> "Iterator[tuple[str, str | Text | tuple[str, str]]]":
    seconds, cpu = figures["seconds"], figures["cpu_seconds"] / figures["seconds"]
    yield "messages", f"{figures['messages']:,} in {_duration(seconds)}"
    yield "messages a second", f"{figures['messages_per_second']:,.0f}"
    yield "CPU time a message", f"{figures['cpu_us_per_message']:,.1f} µs; {cpu:.0%} of one core"
    each = f"{figures['messages_per_request']:,.1f} messages each"
    yield "requests", f"{figures['requests']:,}, {each}"
    yield "outcomes", counts_text({kind: figures[kind] for kind in OUTCOME_KINDS})
    if figures["p50_seconds"] is not None:
        p50, p99 = (_duration(figures[key]) for key in ("p50_seconds", "p99_seconds"))
        yield "call to outcome", f"p50 {p50}, p99 {p99}"
    if figures["peak_memory_bytes"] is not None:
        yield "peak memory", f"{figures['peak_memory_bytes'] / 1e6:,.0f} MB"
    yield "limited by", _limit_text(figures["limited_by"])


def _limit_text(limit: dict[str, Any] | None) -> tuple[str, str]:
    if limit is None:
        return "no limit of the account", "dim"
    if limit["name"] == "capabilities.requests_per_second":
        return f"the provider's {limit['value']:,g} requests a second", "yellow"
    return f"{limit['name']} = {limit['value']:,g}", "yellow"


def _duration(seconds: float) -> str:
    return f"{seconds:,.2f} s" if seconds >= 1 else f"{seconds * 1e3:,.1f} ms"
