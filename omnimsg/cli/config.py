"""`omnimsg config`: inspect the configuration.

The JSON form of `omnimsg config show` is one object per account:

* `account`, `provider`, `default` (whether it is the default account)
* `problem`: why the account cannot be used here (a variable or a file with a value is missing);
  null without a problem
* `values`: by key, dotted for nested ones, `value` and `source`. A secret's value is `"***"`, and
  numbers are masked. A source is the file's name, `env:NAME`, `file:PATH`, `provider` for a value
  that the configuration leaves to the provider, or `default` for one that it leaves to omnimsg.
  For an account with a problem, these are the keys in the file, without their values
"""

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.cli.errors import CommandError
from omnimsg.cli.exit_codes import OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.output import (
    new_table,
    plain_text,
    print_json_lines,
    print_line,
    print_table,
    sanitize,
)
from omnimsg.cli.streams import system_text, write_text
from omnimsg.domain.redaction import mask_text
from omnimsg.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from omnimsg.adapter import Adapter, Capabilities
    from omnimsg.engine.policy import Policy


def schema(*, output: Path | None = None) -> int:
    """Print a JSON Schema of the configuration, for editors.

    The schema has the keys of the installed providers. An editor uses it if
    the first line of the configuration is #:schema ./omnimsg.schema.json

    Args:
        output: The file to write; standard output unless given.
    """
    import json  # noqa: PLC0415 - keeps help fast

    from omnimsg.config.schema import config_schema  # noqa: PLC0415

    text = json.dumps(config_schema(), indent=2) + "\n"
    if output is None:
        write_text(text)
        return OK
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"{output}: cannot be written: {system_text(error)}", "choose another --output"
        ) from None
    return OK


def show(*, config: ConfigFile = CONFIG_FILE, as_json: Json = False) -> int:
    """Check the configuration and show its accounts, without their secrets.

    Args:
        config: The configuration, a TOML file.
        as_json: Print JSON lines.
    """
    from omnimsg.client import Client  # noqa: PLC0415 - keeps help fast
    from omnimsg.config.loading import load_config  # noqa: PLC0415
    from omnimsg.config.toml_file import read_toml  # noqa: PLC0415

    loaded = load_config(config)
    # Some settings are refused only here, such as one that needs an extra or another provider.
    Client.from_config(loaded)
    tables = read_toml(config)["accounts"]
    accounts: dict[str, dict[str, Any]] = {}
    for name, adapter in loaded.adapters.items():
        source_of = partial(_source, tables[name], str(config))
        values = {
            key: (value, source_of(key, "provider")) for key, value in _account_values(adapter)
        }
        values |= _policy_values(loaded.policies[name], adapter.capabilities, source_of)
        accounts[name] = {
            "account": name,
            "provider": adapter.provider,
            "default": name == loaded.default,
            "problem": None,
            "values": {
                key: {"value": value, "source": source} for key, (value, source) in values.items()
            },
        }
    for name, problem in loaded.unusable.items():
        accounts[name] = {
            "account": name,
            "provider": str(tables[name]["provider"]),
            "default": False,
            "problem": problem,
            "values": {
                key: {"value": "***", "source": _source(tables[name], str(config), key, "")}
                for key, _ in _flatten("", tables[name])
                if key != "provider"
            },
        }
    if as_json:
        print_json_lines(accounts.values())
    else:
        for account in accounts.values():
            _print_account(account)
    return OK


def _print_account(account: dict[str, Any]) -> None:
    note = " (the default)" if account["default"] else ""
    table = new_table(
        *("key", "value", "from"),
        folds=("value", "from"),
        title=f"{account['account']}: {account['provider']}{note}",
    )
    for key, each in account["values"].items():
        table.add_row(plain_text(key), plain_text(each["value"]), plain_text(each["source"]))
    print_table(table)
    if account["problem"] is not None:
        for problem in account["problem"].split("\n"):
            print_line(("cannot be used: ", "yellow"), sanitize(problem))
    print_line()


def _account_values(adapter: "Adapter[Any]") -> "Iterator[tuple[str, str]]":
    account = adapter.account
    yield "base_url", account.base_url
    for field in attrs.fields(type(account.settings)):
        yield from _flatten(field.name, getattr(account.settings, field.name))
    yield from _flatten("channel", account.channel or adapter.capabilities.default_channel)
    yield from _flatten("sender", account.sender)
    yield from _flatten("senders", account.senders)
    for name, mapping in account.templates.items():
        for field in attrs.fields(type(mapping)):
            yield from _flatten(f"templates.{name}.{field.name}", getattr(mapping, field.name))
    for code, level in account.codes:
        yield f"codes.{level}:{code}", "changed"
    for key in account.extras:
        # Extras may contain anything, secrets too.
        yield f"extras.{key}", "***"


def _policy_values(
    policy: "Policy", capabilities: "Capabilities", source_of: "Callable[[str, str], str]"
) -> "dict[str, tuple[str, str]]":
    """Return the values of a policy and their sources, with the effective limits."""
    from omnimsg.engine.limits.rate_limiter import slots_of, stricter_rate  # noqa: PLC0415

    rate = stricter_rate(policy.limits, capabilities)
    limits = attrs.evolve(
        policy.limits,
        concurrency=slots_of(policy.limits, capabilities),
        requests_per_second=None if rate == math.inf else rate,
    )
    shown = attrs.asdict(attrs.evolve(policy, limits=limits))
    network = shown.pop("network")
    # This URL of a proxy does not contain its credentials.
    proxy = {} if network["proxy"] is None else {"proxy": network["proxy"]["url"]}
    flat = _flatten("", shown | network | {"proxy": None} | proxy)
    values = {
        key: (value, source_of(key, "provider" if key == "limits.concurrency" else "default"))
        for key, value in flat
    }
    if limits.requests_per_second != policy.limits.requests_per_second:
        values["limits.requests_per_second"] = str(rate), "provider"
    return values


def _flatten(key: str, value: Any) -> "Iterator[tuple[str, str]]":  # noqa: ANN401 - any setting
    """Yield a setting and its nested settings as text, without those that are not set."""
    if isinstance(value, Secret):
        yield key, "***"
    elif isinstance(value, dict):
        for inner, each in value.items():
            yield from _flatten(f"{key}.{inner}".lstrip("."), each)
    elif isinstance(value, (tuple, list)):
        if value:
            yield key, mask_text(", ".join(map(str, value)))
    elif isinstance(value, bool):
        yield key, str(value).lower()  # as in the file
    elif isinstance(value, (int, float)):
        yield key, str(value)
    elif value is not None:
        yield key, mask_text(str(value))


def _source(table: "Mapping[str, Any]", file: str, key: str, otherwise: str) -> str:
    """Return the source of the value of a dotted key; `otherwise` if it is not configured."""
    value: Any = table
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return otherwise
        value = value[part]
    values = value if isinstance(value, list) else [value]
    sources = [
        each if isinstance(each, str) and each.startswith(("env:", "file:")) else file
        for each in values
    ]
    return ", ".join(dict.fromkeys(sources)) or file
