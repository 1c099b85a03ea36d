"""The JSON Schema of the configuration: it accepts what the loader accepts, and has every key."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import attrs
import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from omnimsg.config import load_adapter, plugins
from omnimsg.config.model import AccountTable
from omnimsg.config.schema import config_schema
from omnimsg.sandbox import config as sandbox_config

ROOT = Path(__file__).parents[2]
TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)
PROVIDERS = ("bird", "clickatell", "messente")


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the installed providers instead of the tests' own."""
    monkeypatch.setattr(plugins, "entry_points", entry_points)


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    """Return a validator, which keeps no state, for the schema of the installed providers."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plugins, "entry_points", entry_points)
        schema = config_schema()
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def _examples() -> list[Any]:
    examples = []
    for page in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]):
        for number, found in enumerate(TOML.finditer(page.read_text(encoding="utf-8")), 1):
            data = tomllib.loads(found[1])
            if set(data) <= {"accounts", "default", "routes", "budgets"}:
                examples.append(pytest.param(data, id=f"{page.stem}-{number}"))
    return examples


@pytest.mark.parametrize("data", _examples())
def test_the_examples_of_the_docs_are_valid(validator: Draft7Validator, data: Any) -> None:
    """Every TOML example in the docs is valid, apart from required keys that it leaves out."""
    for name, table in data.get("accounts", {}).items():
        table.setdefault("provider", name)

    problems = [
        each.message for each in validator.iter_errors(data) if each.validator != "required"
    ]

    assert problems == []


def test_the_configuration_of_the_sandbox_is_valid(validator: Draft7Validator) -> None:
    """The configuration that the sandbox prints is valid, required keys included."""
    validator.validate(sandbox_config(8700))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_key_is_described(provider: str) -> None:
    """The schema has exactly the loader's keys, each with a description."""
    keys = config_schema()["definitions"][provider]["properties"]

    settings = load_adapter(provider).settings
    assert {each.name for each in (*attrs.fields(AccountTable), *attrs.fields(settings))} == set(
        keys
    )
    assert [] == [name for name, key in keys.items() if not key.get("description")]


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({"keepalive": 2}, True),
        ({"keepalive": "env:KEEPALIVE"}, True),
        ({"keepalive": "2"}, False),
        ({"allow_http": "yes"}, False),
        ({"transport": "protocol"}, True),
        ({"transport": "httpx"}, False),
        ({"limits": {"concurrency": 5}}, True),
        ({"limits": {"concurency": 5}}, False),
        ({"on_ambiguous": "resent"}, False),
        ({"api_kye": "x"}, False),
        ({"templates": {"hi": {"keys": ["a"]}}}, True),
        ({"codes": {"message:1": {"reason": "opted_out"}}}, True),
        ({"extras": {"any": [{"thing": 1}]}}, True),
        ({"provider": "clikatell"}, False),
        ({"provider": "env:PROVIDER"}, True),
        ({"channels": {"sms": "x"}}, False),
    ],
)
def test_an_editor_sees_what_the_loader_would_refuse(
    validator: Draft7Validator, change: dict[str, Any], valid: bool
) -> None:
    """The schema checks keys, types and words of an account as the loader does."""
    table = {"provider": "clickatell", "api_key": "env:KEY", **change}

    assert valid == validator.is_valid({"accounts": {"main": table}})
    assert not validator.is_valid({"accounts": {}})
    assert not validator.is_valid({"accounts": {"a b": table}})


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"strategy": "round_robin"}, True),
        ({"strategy": "random"}, False),
        ({"match": {"prefixes": ["+27"], "channels": ["sms"]}}, True),
        ({"match": {"channels": ["fax"]}}, False),
        ({"match": {"prefix": ["+27"]}}, False),
        ({"weights": {"main": 3}}, True),
        ({"weights": {"main": "3"}}, False),
        ({"limits": {"messages_per_second": 5}}, True),
        ({"account": "main"}, False),
        ({"accounts": "main"}, False),
    ],
)
def test_an_editor_sees_what_is_wrong_with_a_route(
    validator: Draft7Validator, change: dict[str, Any], valid: bool
) -> None:
    """The schema checks keys, types and words of a route as the loader does."""
    table = {"provider": "clickatell", "api_key": "env:KEY"}
    route = {"accounts": ["main"], **change}

    assert valid == validator.is_valid({"accounts": {"main": table}, "routes": [route]})


def test_an_editor_sees_that_a_key_is_deprecated() -> None:
    """A key that is read but has no effect any more is marked as deprecated, and no other is."""
    limits = config_schema()["definitions"]["bird"]["properties"]["limits"]["properties"]

    assert ["queue"] == [name for name, each in limits.items() if each.get("deprecated")]


def test_a_provider_that_is_broken_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that cannot be imported is left out; the others keep their keys."""
    broken = EntryPoint("broken", "support.broken_plugin:Nothing", plugins.GROUP)
    installed = [*entry_points(group=plugins.GROUP), broken]
    monkeypatch.setattr(plugins, "entry_points", lambda **_: installed)

    assert set(PROVIDERS) == set(config_schema()["definitions"])
