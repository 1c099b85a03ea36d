"""`omnimsg trigger`: send a signed sample of a provider's callback.

The sandbox builds and signs the sample. It follows the providers' documents and shares no code with
omnimsg's adapters.

The JSON form is one object:

* `event`, `provider`, and `kind`, the provider's own name of the event
* `url`: the address, with possible secrets masked
* `genuine`: false with `--bad-signature`
* `status`: the HTTP status of the answer; null if there was none
* `error`: why there was no answer; otherwise null
* `taken`: whether the provider counts the answer as success

With `--print` it has `event`, `provider`, `kind`, and the request: `url`, `headers`, `body`. With
`--list` there is one object per event: `event`, and `providers`, the names of those that have it.
"""

import shlex
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from omnimsg.cli.errors import CommandError
from omnimsg.cli.exit_codes import FAILED, OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.output import (
    new_table,
    print_error,
    print_hint,
    print_json_lines,
    print_line,
    print_table,
    styled,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.cli.callback_samples import Sample
    from omnimsg.sandbox import CallbackSource

_NOTHING_THERE = "nothing takes callbacks there: check the path of --url"
_HINTS = {
    401: "401 means that the receiver could not verify the callback: --account signs with that"
    " account's own secret, and Bird also signs the address, so --url must be the receiver's"
    " public_url",
    404: _NOTHING_THERE,
    405: _NOTHING_THERE,
}
_OTHER_HINT = "the application's own log says why"


def trigger(  # noqa: PLR0913 - one flag each
    event: str | None = None,
    /,
    *,
    provider: str | None = None,
    url: str | None = None,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    bad_signature: Annotated[bool, Parameter(show_default=False)] = False,
    print_request: Annotated[bool, Parameter(name="--print", show_default=False)] = False,
    list_events: Annotated[bool, Parameter(name="--list", show_default=False)] = False,
    as_json: Json = False,
) -> int:
    """Send a signed sample of a provider's callback to an address of yours.

    The sample is signed with the secrets of an account, or with the sandbox's
    public ones. Exits with 1 when the provider would not count the answer as
    success; with --bad-signature, when it would.

    Args:
        event: The event, such as status.delivered or inbound.text.
        provider: The provider whose callback to send; the account's unless given.
        url: The address to call, unchanged, except that with --account
            Clickatell's secret is added to its path.
        account: The account whose secrets to sign with; the sandbox's public ones unless given.
        config: The configuration, a TOML file; only read with --account.
        bad_signature: Send a wrong signature, which the endpoint has to refuse.
        print_request: Print the request as a curl command, and send nothing.
        list_events: List the events of each provider, and send nothing.
        as_json: Print JSON lines.
    """
    from omnimsg.cli.callback_samples import (  # noqa: PLC0415 - keeps help fast
        LIST_HINT,
        build_sample,
        callback_sources,
        revealed_settings,
    )

    if list_events:
        return _list(callback_sources(), as_json=as_json)
    if event is None:
        raise CommandError("the event is missing", LIST_HINT)
    if url is None:
        raise CommandError("--url is missing", "name the address of your endpoint with --url")
    settings: Mapping[str, Any] | None = None
    if account is not None:
        own, settings = revealed_settings(config, account)
        if provider not in {None, own}:
            raise CommandError(
                f"account {account!r} is of {own}, not of {provider}", "leave out --provider"
            )
        provider = own
    if provider is None:
        raise CommandError("--provider is missing", f"name it, or an --account; {LIST_HINT}")
    sample = build_sample(event, provider, url, settings, genuine=not bad_signature)
    if print_request:
        return _print_request(sample, as_json=as_json)
    return _send(sample, as_json=as_json)


def _send(sample: "Sample", *, as_json: bool) -> int:
    from omnimsg.cli.callback_samples import post_sample  # noqa: PLC0415 - keeps help fast
    from omnimsg.sandbox.callbacks.addresses import masked_url  # noqa: PLC0415

    status, error = post_sample(sample)
    taken = status is not None and sample.signer.succeeds(status)
    url = masked_url(sample.signed.url)
    if as_json:
        row = sample.named() | {"url": url, "genuine": sample.genuine}
        print_json_lines([row | {"status": status, "error": error, "taken": taken}])
    else:
        _print_sent(sample, url)
        if status is not None:
            _print_answer(sample, status, taken=taken)
    if status is None:
        print_error(
            f"no answer from {url}: {error}", "check the address, and that the application runs"
        )
        return FAILED
    if sample.genuine and not taken and not as_json:
        print_hint(_HINTS.get(status, _OTHER_HINT))
    return OK if taken == sample.genuine else FAILED


def _print_sent(sample: "Sample", url: str) -> None:
    provider_kind = "" if sample.event == sample.draft.kind else f" ({sample.draft.kind})"
    print_line(
        ("event    ", "dim"), (sample.event, "bold"), provider_kind, f" of {sample.signer.provider}"
    )
    print_line(("sent to  ", "dim"), url)


def _print_answer(sample: "Sample", status: int, *, taken: bool) -> None:
    signer = sample.signer
    if sample.genuine:
        again = "sends it again" if signer.repeats(status) else "gives it up"
        meaning = f"{signer.provider} {'counts it as success' if taken else again}"
    else:
        meaning = "the wrong signature was not refused" if taken else "refused, as it should be"
    colour = "green" if taken == sample.genuine else "red"
    print_line(("answer   ", "dim"), (f"{status}", colour), f": {meaning}")


def _print_request(sample: "Sample", *, as_json: bool) -> int:
    signed = sample.signed
    if as_json:
        request = {"url": signed.url, "headers": dict(signed.headers), "body": signed.body.decode()}
        print_json_lines([sample.named() | request])
        return OK
    lines = [f"curl {shlex.quote(signed.url)}"]
    lines += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in signed.headers.items()]
    lines.append(f"--data-binary {shlex.quote(signed.body.decode())}")
    print_line(" \\\n  ".join(lines))
    return OK


def _list(sources: "Mapping[str, CallbackSource]", *, as_json: bool) -> int:
    events: dict[str, list[str]] = {}
    for provider, source in sorted(sources.items()):
        for event in source.samples():
            events.setdefault(event, []).append(provider)
    if as_json:
        print_json_lines({"event": each, "providers": events[each]} for each in sorted(events))
        return OK
    from omnimsg.domain.status import Status  # noqa: PLC0415 - keeps help fast

    providers = sorted({each for known in events.values() for each in known})
    in_order = [f"status.{each}" for each in Status]
    table = new_table("event", *providers)
    previous = ""
    for event in sorted(events, key=lambda each: _sort_key(each, in_order)):
        group = event.partition(".")[0]
        if previous not in {"", group}:
            table.add_section()
        previous = group
        known = (styled(("yes", "green")) if each in events[event] else "-" for each in providers)
        table.add_row(event, *known)
    print_table(table)
    print_line()
    print_line("A provider's own statuses can be named too; `omnimsg codes PROVIDER` lists them:")
    print_line("  omnimsg trigger status.ROUTING_ERROR --provider clickatell --url URL")
    return OK


_GROUPS = ("status", "inbound", "interaction")


def _sort_key(event: str, statuses: list[str]) -> tuple[int, int]:
    """Return the sort key of an event: its group, then the rank of a status."""
    group = event.partition(".")[0]
    rank = statuses.index(event) if event in statuses else 0
    return (_GROUPS.index(group) if group in _GROUPS else len(_GROUPS)), rank
