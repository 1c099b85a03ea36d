"""The sandbox and the adapters read each document independently: neither imports the other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Both sides share the JSON codec: it knows no provider, so it cannot hide a misreading.
JSON = "omnimsg.json_codec"
PROVIDERS = sorted(path for path in (ROOT / "providers").glob("omnimsg_*") if path.is_dir())


def _imports(files: list[Path]) -> dict[str, str]:
    """Return each module that the files import, with the name of the importing file."""
    found: dict[str, str] = {}
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {each.name: file.name for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file} imports relatively"
                found |= {f"{node.module}.{each.name}": file.name for each in node.names}
    return found


def _ours(imported: dict[str, str], allowed: tuple[str, ...]) -> dict[str, str]:
    return {
        name: file
        for name, file in imported.items()
        if name.partition(".")[0].startswith("omnimsg")
        and not any(name == each or name.startswith(f"{each}.") for each in allowed)
    }


@pytest.mark.parametrize("package", PROVIDERS, ids=lambda path: path.name)
def test_an_emulator_imports_only_the_sandbox_and_itself(package: Path) -> None:
    """An emulator imports only itself, the sandbox and the JSON codec.

    If it shared a table with its adapter, both would make the same mistakes.
    """
    own = f"{package.name}.emulator"
    files = sorted((package / "emulator").rglob("*.py"))

    assert files
    assert _ours(_imports(files), ("omnimsg.sandbox", JSON, own)) == {}


@pytest.mark.parametrize("package", PROVIDERS, ids=lambda path: path.name)
def test_an_adapter_imports_only_the_interface_and_itself(package: Path) -> None:
    """An adapter imports only itself, the adapter interface, the domain and the JSON codec."""
    emulator = package / "emulator"
    files = sorted(file for file in package.rglob("*.py") if emulator not in file.parents)
    imported = _ours(_imports(files), ("omnimsg.adapter", "omnimsg.domain", JSON, package.name))
    leaning = [name for name in _imports(files) if name.startswith(f"{package.name}.emulator")]

    assert (imported, leaning) == ({}, [])


def test_the_sandbox_imports_only_itself_and_the_json_codec() -> None:
    """The sandbox package imports only itself and the JSON codec."""
    files = sorted((ROOT / "omnimsg" / "sandbox").rglob("*.py"))

    assert _ours(_imports(files), ("omnimsg.sandbox", JSON)) == {}


def test_one_package_alone_imports_orjson() -> None:
    """Only `omnimsg.json_codec` imports orjson, so that the library works without it."""
    package = ROOT / "omnimsg" / "json_codec"
    files = [file for name in ("omnimsg", "providers") for file in (ROOT / name).rglob("*.py")]
    others = [file for file in files if package not in file.parents]

    direct = {name: file for name, file in _imports(others).items() if "orjson" in name}

    assert direct == {}
