"""Load accounts from URLs in one line: `clickatell://KEY@main?channel=sms`, separated by commas.

* The scheme is the provider, the host the account's name; the first account is the default one.
* The values before the `@`, separated by colons, fill the provider's required keys in order.
* The query has every other key: `sender=Shop`, nested keys with dots (`limits.concurrency=4`), and
  lists as one key for each item. Values may be numbers and booleans, as in a variable.
* `%2C` is a literal comma; likewise `%40`, `%3A`, `%25` for a `%`, and so on.

The accounts are validated and built like those of a file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_origin, get_type_hints
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs

from omnimsg.config.loading import config_from_mapping
from omnimsg.config.plugins import load_adapter
from omnimsg.config.references import FromReference, FromUrl
from omnimsg.config.toml_file import CONFIG_VARIABLE
from omnimsg.domain.errors import ConfigError
from omnimsg.domain.frozen_dict import FrozenDict
from omnimsg.domain.message_id import is_account_name

if TYPE_CHECKING:
    from omnimsg.config.model import Config

URL_VARIABLE = "OMNIMSG_URL"
"""The variable that contains accounts as URLs, in place of a configuration file."""

_TABLES = (dict, Mapping, FrozenDict)
_FORM = "provider://KEY@name?key=value"
# Taken as it is, it would work until the next key has two such digits after its `%` by chance.
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def url_from_environment() -> str | None:
    """Return the value of `OMNIMSG_URL`; `None` if it is not set.

    Raises:
        ConfigError: `OMNIMSG_CONFIG` is set too.
    """
    url = os.environ.get(URL_VARIABLE)
    if url and os.environ.get(CONFIG_VARIABLE):
        raise ConfigError(
            f"{URL_VARIABLE} and {CONFIG_VARIABLE} are both set; unset the one that is not meant"
        )
    return url or None


def load_url(text: str, *, default: str | None = None, where: str = URL_VARIABLE) -> Config:
    """Load accounts that are written as URLs.

    Args:
        text: One URL, or several separated by commas.
        default: The account to use as the default, in place of the first.
        where: The name of the text in errors, which never show the text itself.

    Raises:
        ConfigError: A part of a URL is missing, unknown or wrong.
    """
    accounts: dict[str, dict[str, Any]] = {}
    for number, each in enumerate(text.split(","), 1):
        name, table = _table(each.strip(), f"{where}: account {number}")
        if name in accounts:
            raise ConfigError(f"{where}: account {number}: the name {name!r} is used twice")
        accounts[name] = table
    data = {"default": next(iter(accounts)), "accounts": accounts}
    return config_from_mapping(data, where=where, folder=Path(), default=default)


def _table(url: str, where: str) -> tuple[str, dict[str, Any]]:
    """Parse a URL into the name of an account and its table, as a file would have it."""
    if not url.isprintable():  # `urlsplit` would drop line breaks and tabs, also inside a key
        raise ConfigError(
            f"{where}: has a line break or another character that cannot be printed; put a ','"
            " between accounts"
        )
    if _STRAY_PERCENT.search(url):
        raise ConfigError(
            f"{where}: has a '%' without two hexadecimal digits after it; write '%' as %25"
        )
    try:
        parts = urlsplit(url)
        credentials, at, name = parts.netloc.rpartition("@")
        name = _decoded(name)
        values = [FromReference(_decoded(each)) for each in credentials.split(":") if credentials]
        query = parse_qsl(parts.query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise ConfigError(
            f"{where}: has '%' with bytes that are no UTF-8; write '%' as %25"
        ) from None
    except ValueError:
        raise ConfigError(
            f"{where}: is not a URL; write {_FORM}, and '[' or ']' in a value as %5B or %5D"
        ) from None
    if not parts.scheme or "://" not in url:
        raise ConfigError(f"{where}: does not begin with a provider; write {_FORM}")
    if parts.fragment:
        raise ConfigError(f"{where}: has a '#'; write it as %23")
    if parts.path.strip("/"):
        raise ConfigError(
            f"{where}: has a path after the account's name; write '/' as %2F, and a ',' between"
            " accounts"
        )
    # Without an '@', the text in place of the name may be the key, so it is not shown.
    if not at or not is_account_name(name):
        raise ConfigError(
            f"{where}: the account's name, after the '@', must have letters, digits, '.', '_' and"
            f" '-' only; write {_FORM}, and an '@' in a key as %40"
        )
    table: dict[str, Any] = {"provider": parts.scheme}
    keys = _required_keys(parts.scheme, where)
    if len(values) > len(keys):
        raise ConfigError(
            f"{where}: has {len(values)} values before the '@', for {', '.join(keys) or 'no key'};"
            " write a ':' in a value as %3A"
        )
    table |= zip(keys, values, strict=False)
    given = frozenset(table)
    for key, value in query:
        if "@" in key:  # then it is a part of the key's value, which is not shown
            raise ConfigError(f"{where}: has a '?' before the last '@'; write it as %3F")
        if key in given:
            raise ConfigError(
                f"{where}: {key} stands before the '?' already; leave one of them out"
            )
        _put(table, key, FromUrl(value), where)
    return name, table


def _decoded(text: str) -> str:
    return unquote(text, errors="strict")


def _required_keys(provider: str, where: str) -> list[str]:
    """Return the required keys of a provider's accounts that are no tables, in order."""
    try:
        settings = load_adapter(provider).settings
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    kinds = get_type_hints(settings)
    return [
        each.name
        for each in attrs.fields(settings)
        if each.init
        and each.default is attrs.NOTHING
        and get_origin(kinds[each.name]) not in _TABLES
    ]


def _put(table: dict[str, Any], key: str, value: FromUrl, where: str) -> None:
    """Store a value under a key with dots for nested tables; a repeated key makes a list."""
    *path, last = key.split(".")
    for step in path:
        table = table.setdefault(step, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{where}: {key} is a value and a table at once")
    known = table.get(last)
    if isinstance(known, dict):
        raise ConfigError(f"{where}: {key} is a value and a table at once")
    if known is None:
        table[last] = value
    else:
        table[last] = [*known, value] if isinstance(known, list) else [known, value]
