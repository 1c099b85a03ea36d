"""`omnimsg config`: what the configuration says.

The JSON form of `omnimsg config show` is one object per account:

* `account`, `provider`, `default` (whether it is the default account)
* `values`: by key, dotted for nested ones, `value` and `source`. A secret's value is `"***"`, and
  numbers are masked. A source is the file's name, `env:NAME`, `file:PATH`, `provider` for a value
  that the configuration leaves to the provider, or `default` for one that it leaves to omnimsg
"""

from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.cli.errors import DONE
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.output import json_lines, line, out, plain, table
from omnimsg.domain.redaction import mask_text
from omnimsg.domain.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from omnimsg.adapter import Adapter, Capabilities
    from omnimsg.engine.policy import Policy


def show(*, config: ConfigFile = CONFIG_FILE, as_json: Json = False) -> int:
    """Check the configuration and show its accounts, without their secrets.

    Args:
        config: The configuration, a TOML file.
        as_json: Print JSON lines.
    """
    from omnimsg.config.loading import load_config, read_toml  # noqa: PLC0415 - keeps help fast

    loaded = load_config(config)
    written = read_toml(config)["accounts"]
    accounts: dict[str, dict[str, Any]] = {}
    for name, adapter in loaded.adapters.items():
        source = partial(_source, written[name], str(config))
        values = {key: (value, source(key, "provider")) for key, value in _values(adapter)}
        values |= _decided(loaded.policies[name], adapter.capabilities, source)
        accounts[name] = {
            "account": name,
            "provider": adapter.provider,
            "default": name == loaded.default,
            "values": {
                key: {"value": value, "source": where} for key, (value, where) in values.items()
            },
        }
    if as_json:
        json_lines(accounts.values())
        return DONE
    for name, account in accounts.items():
        note = " (the default)" if account["default"] else ""
        shown = table(
            "key",
            "value",
            "from",
            folds=("value", "from"),
            title=f"{name}: {account['provider']}{note}",
        )
        for key, each in account["values"].items():
            shown.add_row(plain(key), plain(each["value"]), plain(each["source"]))
        out().print(shown)
        line()
    return DONE


def _values(adapter: "Adapter[Any]") -> "Iterator[tuple[str, str]]":
    account = adapter.account
    yield "base_url", account.base_url
    for field in attrs.fields(type(account.settings)):
        yield from _flat(field.name, getattr(account.settings, field.name))
    yield from _flat("channel", account.channel or adapter.capabilities.default_channel)
    yield from _flat("sender", account.sender)
    for name, mapping in account.templates.items():
        for field in attrs.fields(type(mapping)):
            yield from _flat(f"templates.{name}.{field.name}", getattr(mapping, field.name))
    for code, level in account.codes:
        yield f"codes.{level}:{code}", "changed"
    for key in account.extras:
        # Extras are the user's own, and may hold anything.
        yield f"extras.{key}", "***"


def _decided(
    policy: "Policy", can: "Capabilities", source: "Callable[[str, str], str]"
) -> "dict[str, tuple[str, str]]":
    """Return what is decided for an account, with the limits as they hold."""
    from omnimsg.engine.limits.rate_limiter import places  # noqa: PLC0415

    limits = attrs.evolve(policy.limits, concurrency=places(policy.limits, can))
    flat = _flat("", attrs.asdict(attrs.evolve(policy, limits=limits)))
    decided = {
        key: (value, source(key, "provider" if key == "limits.concurrency" else "default"))
        for key, value in flat
    }
    documented, asked = can.requests_per_second, limits.requests_per_second
    if documented is not None and (asked is None or documented < asked):
        # The stricter holds, whatever is written.
        decided["limits.requests_per_second"] = str(documented), "provider"
    return decided


def _flat(key: str, value: Any) -> "Iterator[tuple[str, str]]":  # noqa: ANN401 - any setting
    """Go through a value and what is in it, leaving out what is not set."""
    if isinstance(value, Secret):
        yield key, "***"
    elif isinstance(value, dict):
        for inner, each in value.items():
            yield from _flat(f"{key}.{inner}".lstrip("."), each)
    elif isinstance(value, (tuple, list)):
        if value:
            yield key, mask_text(", ".join(map(str, value)))
    elif isinstance(value, (int, float)):
        yield key, str(value)
    elif value is not None:
        yield key, mask_text(str(value))


def _source(table_: "Mapping[str, Any]", file: str, key: str, otherwise: str) -> str:
    value: Any = table_
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return otherwise
        value = value[part]
    if isinstance(value, str) and value.startswith(("env:", "file:")):
        return value
    return file
