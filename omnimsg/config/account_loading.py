"""Load one account: check its table, and build its adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from omnimsg.adapter import Account, Adapter
from omnimsg.config.base_url import base_url_problem
from omnimsg.config.concealment import conceal, secret_keys, secret_texts
from omnimsg.config.converter import converter_for
from omnimsg.config.model import AccountTable
from omnimsg.config.references import (
    Unresolved,
    leaves,
    resolve_references,
    warn_if_readable_by_everybody,
)
from omnimsg.domain.errors import ConfigError, InvalidValue, Problem
from omnimsg.domain.message_id import is_account_name
from omnimsg.domain.redaction import mask_text
from omnimsg.domain.structuring import structure, unknown_key_problem

if TYPE_CHECKING:
    from pathlib import Path

    import cattrs

    from omnimsg.config.plugins import InstalledProviders
    from omnimsg.engine.policy import Policy

T = TypeVar("T")

_COMMON_KEYS = frozenset(field.name for field in attrs.fields(AccountTable))


class IncompleteAccount(InvalidValue):
    """An account whose only problems are unresolved references."""


def load_account(
    name: object, table: object, *, folder: Path, providers: InstalledProviders
) -> tuple[Adapter[Any], Policy]:
    """Load one account.

    Raises:
        InvalidValue: The account has problems; the error contains all of them.
    """
    path = f"accounts.{name}"
    if not isinstance(name, str) or not is_account_name(name):
        raise InvalidValue(
            Problem(
                mask_text(path),
                "a name has letters, digits, '.', '_' and '-' only, at most 64, and begins with a"
                " letter or a digit",
            )
        )
    if not isinstance(table, Mapping):
        raise InvalidValue(Problem(path, "must be a table"))
    try:
        values = resolve_references(table, folder=folder)
    except ValueError as error:
        raise InvalidValue(Problem(path, str(error))) from None
    converter = converter_for(folder)
    adapter_class = _adapter_class(providers, converter, values.get("provider"), path)
    secrets = secret_keys(adapter_class.settings)
    try:
        adapter, policy = _build_adapter(name, values, adapter_class, converter)
    except InvalidValue as error:
        hidden = secret_texts(values, secrets)
        missing = {each.why for each in leaves(values) if isinstance(each, Unresolved)}
        is_incomplete = missing.issuperset(each.why for each in error.problems)
        kind = IncompleteAccount if is_incomplete else InvalidValue
        raise kind(*(conceal(each, hidden) for each in error.problems)) from None
    except (ConfigError, ValueError) as error:
        problem_path, why = path, str(error)
        if why.startswith(path):
            problem_path, _, why = why.partition(" ")
        problem = conceal(
            Problem(problem_path.removesuffix(":"), why), secret_texts(values, secrets)
        )
        raise InvalidValue(problem) from None
    for key in secrets:
        value = table.get(key)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and each.startswith("file:"):
                warn_if_readable_by_everybody(folder / each.removeprefix("file:"))
    return adapter, policy


def _build_adapter(
    name: str,
    values: dict[str, Any],
    adapter_class: type[Adapter[Any]],
    converter: cattrs.Converter,
) -> tuple[Adapter[Any], Policy]:
    """Check the keys of an account and build its adapter.

    Raises:
        InvalidValue: The account has problems; the error contains all of them.
        ConfigError, ValueError: The adapter refuses the account.
    """
    path = f"accounts.{name}"
    common = {key: value for key, value in values.items() if key in _COMMON_KEYS}
    known = frozenset(field.name for field in attrs.fields(adapter_class.settings) if field.init)
    problems = [
        unknown_key_problem(path, key, known | _COMMON_KEYS)
        for key in values
        if key not in known | _COMMON_KEYS
    ]
    shared = structure_collecting(problems, converter, AccountTable, common, path)
    own = {key: value for key, value in values.items() if key in known - _COMMON_KEYS}
    settings: Any = structure_collecting(problems, converter, adapter_class.settings, own, path)
    if shared is not None:
        problems += _problems_of(shared, adapter_class, path)
    if problems or shared is None:
        raise InvalidValue(*problems)
    account: Account[Any] = Account(
        name=name,
        settings=settings,
        base_url=shared.url(adapter_class.base_url).rstrip("/"),
        channel=shared.channel,
        sender=shared.sender,
        senders=shared.senders,
        templates=shared.templates,
        codes={_split_code(key): change.changes() for key, change in shared.codes.items()},
        extras=shared.extras,
    )
    adapter = adapter_class(account)
    problems += _unusable_defaults(adapter, path)
    if problems:
        raise InvalidValue(*problems)
    return adapter, shared.policy()


def _unusable_defaults(adapter: Adapter[Any], path: str) -> Iterator[Problem]:
    """Yield the problems of the account's own channel and sender, which no message could use."""
    channel, usable = adapter.account.channel, adapter.usable_channels()
    if channel is not None and channel not in usable:
        names = ", ".join(sorted(usable))
        yield Problem(f"{path}.channel", f"is not one that the account can send on; use {names}")
        return
    why = adapter.sender_problem()
    if why is not None:
        yield Problem(f"{path}.sender", why)


def _adapter_class(
    providers: InstalledProviders, converter: cattrs.Converter, provider: object, path: str
) -> type[Adapter[Any]]:
    if provider is None:
        known = f"installed are {', '.join(providers.names())}"
        raise InvalidValue(Problem(f"{path}.provider", f"is missing; {known}"))
    name = structure(converter, str, provider, f"{path}.provider")
    try:
        return providers.adapter(name)
    except ConfigError as error:
        raise InvalidValue(Problem(f"{path}.provider", str(error))) from error


def structure_collecting(
    problems: list[Problem], converter: cattrs.Converter, kind: type[T], data: object, path: str
) -> T | None:
    """Structure data; on failure, add its problems to the list and return `None`."""
    try:
        return structure(converter, kind, data, path)
    except InvalidValue as error:
        problems.extend(error.problems)
        return None


def _problems_of(
    shared: AccountTable, adapter_class: type[Adapter[Any]], path: str
) -> list[Problem]:
    """Find the problems of values that have the right type."""
    problems = []
    why = base_url_problem(shared.url(adapter_class.base_url), allow_http=shared.allow_http)
    if why is not None:
        problems.append(Problem(f"{path}.base_url", why))
    try:
        shared.tls_context()
    except (OSError, ValueError) as error:
        why = f"the file {shared.ca_file} has no certificate that can be read"
        problems.append(Problem(f"{path}.ca_file", f"{why} ({type(error).__name__})"))
    levels = {row.level for row in adapter_class.codes}
    for key, change in shared.codes.items():
        code, level = _split_code(key)
        where = f"{path}.codes.{key}"
        if not code or level not in levels:
            why = f"must be LEVEL:CODE, with a level of {', '.join(sorted(levels))}"
            problems.append(Problem(where, why))
        elif adapter_class.codes.get(code, level) is None and None in (
            change.reason,
            change.verdict,
        ):
            problems.append(
                Problem(where, "is not a known code; a new one needs reason and verdict")
            )
    return problems


def _split_code(key: str) -> tuple[str, str]:
    """Split `level:code` into the code and the level."""
    level, _, code = key.partition(":")
    return code, level
