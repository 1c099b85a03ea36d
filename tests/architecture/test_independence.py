"""The sandbox and the adapters are two readings of one document: neither may lean on the other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What reads and writes JSON knows no provider: it can hide no misreading.
JSON = "omnimsg.json_codec"
PROVIDERS = sorted(path for path in (ROOT / "providers").glob("omnimsg_*") if path.is_dir())


def _imports(files: list[Path]) -> dict[str, str]:
    """Every module that the files import, with the file that does."""
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
def test_an_emulator_imports_the_kit_and_itself(package: Path) -> None:
    """An emulator that shared a table with its adapter would share its mistakes."""
    own = f"{package.name}.emulator"
    files = sorted((package / "emulator").rglob("*.py"))

    assert files
    assert _ours(_imports(files), ("omnimsg.sandbox", JSON, own)) == {}


@pytest.mark.parametrize("package", PROVIDERS, ids=lambda path: path.name)
def test_an_adapter_imports_the_seam_the_model_and_itself(package: Path) -> None:
    """An adapter knows nothing of the emulator, of the engine or of another provider."""
    emulator = package / "emulator"
    files = sorted(file for file in package.rglob("*.py") if emulator not in file.parents)
    imported = _ours(_imports(files), ("omnimsg.adapter", "omnimsg.domain", JSON, package.name))
    leaning = [name for name in _imports(files) if name.startswith(f"{package.name}.emulator")]

    assert (imported, leaning) == ({}, [])


def test_the_kit_imports_nothing_of_ours_but_json() -> None:
    """The kit that emulators stand on is as independent as they are."""
    files = sorted((ROOT / "omnimsg" / "sandbox").rglob("*.py"))

    assert _ours(_imports(files), ("omnimsg.sandbox", JSON)) == {}


def test_one_package_alone_imports_orjson() -> None:
    """Where orjson cannot be imported, nothing of the library may need it."""
    package = ROOT / "omnimsg" / "json_codec"
    files = [file for name in ("omnimsg", "providers") for file in (ROOT / name).rglob("*.py")]
    others = [file for file in files if package not in file.parents]

    direct = {name: file for name, file in _imports(others).items() if "orjson" in name}

    assert direct == {}
