"""The package: its import cost, its public names and their types, module sizes, built files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hatchling.builders.wheel import WheelBuilder

import omnimsg
import omnimsg.testing

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(omnimsg.__file__).parents[1]
HEAVY = {"aiohttp", "cattrs", "rich", "tenacity", "cyclopts"}


def imported_by(code: str) -> set[str]:
    """Return the top-level modules that a fresh process has imported after it ran the code."""
    code = f"{code}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60
    )
    return set(done.stdout.split())


def submodules_of(code: str) -> set[str]:
    """Return omnimsg's modules that a fresh process has imported after it ran the code."""
    code = f"{code}; import sys; print(*[name for name in sys.modules if name[:7] == 'omnimsg'])"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60
    )
    return set(done.stdout.split())


def test_importing_the_package_imports_none_of_its_modules() -> None:
    """`import omnimsg` imports no submodule: each is imported when a name of it is first used."""
    assert {"omnimsg"} == submodules_of("import omnimsg")


@pytest.mark.parametrize(
    "code",
    [
        "import omnimsg",
        "from omnimsg import Message, Accepted; Message('+37255500001', 'Hello')",
        "from omnimsg import Client",
    ],
)
def test_what_is_not_used_is_not_imported(code: str) -> None:
    """Heavy dependencies are imported only when they are used, not with the package or `Client`."""
    heavy = HEAVY - {"tenacity"} if "Client" in code else HEAVY

    assert set() == heavy & imported_by(code)


@pytest.mark.parametrize("package", [omnimsg, omnimsg.testing], ids=lambda each: each.__name__)
def test_every_name_is_typed_and_can_be_imported(package: ModuleType) -> None:
    """The stub for type checkers and the package's lazy names list the same names and objects."""
    assert package.__file__ is not None
    stub = ast.parse(Path(package.__file__).with_suffix(".pyi").read_text())
    typed = {
        (node.module, alias.asname)
        for node in ast.walk(stub)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    names = sorted(name or "" for _, name in typed)
    assert sorted(vars(package)["__all__"]) == names
    for module, name in typed:
        assert getattr(package, name or "") is getattr(sys.modules[module or ""], name or ""), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    """Access to an unknown name of a package raises the usual AttributeError."""
    with pytest.raises(AttributeError, match="no attribute 'Massage'"):
        omnimsg.Massage  # type: ignore[attr-defined]  # noqa: B018 - looked up to be missing
    with pytest.raises(AttributeError, match=r"'omnimsg\.testing' has no attribute 'Fone'"):
        omnimsg.testing.Fone  # type: ignore[attr-defined]  # noqa: B018 - likewise


def test_a_module_has_350_lines_at_most() -> None:
    """No module of the library or of a provider is longer than 350 lines."""
    modules = [*(ROOT / "omnimsg").rglob("*.py"), *(ROOT / "providers").rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules}

    assert {} == {path: length for path, length in lengths.items() if length > 350}


def test_no_type_check_is_switched_off() -> None:
    """The library and the providers are typed without exemptions."""
    modules = [*(ROOT / "omnimsg").rglob("*.py"), *(ROOT / "providers").rglob("*.py")]

    assert [] == [
        str(path.relative_to(ROOT)) for path in modules if "type: ignore" in path.read_text()
    ]


def test_no_private_attribute_of_another_class_is_used() -> None:
    """Neither the code nor its tests touch what belongs to another class.

    Ruff refuses it; the exemption of the simulation is about simloom's own classes.
    """
    folders = [ROOT / name for name in ("omnimsg", "providers", "tests", "benchmarks")]
    exempted = re.compile(r"noqa:.*SLF\d{3}")

    assert [] == [
        str(path.relative_to(ROOT))
        for folder in folders
        for path in folder.rglob("*.py")
        if exempted.search(path.read_text())
    ]


def test_the_wheel_has_every_file_of_the_packages() -> None:
    """The wheel has exactly the files of the packages: code, types and the inbox page."""
    root = Path(__file__).parents[2]
    tops = [root / "omnimsg", *(root / "providers").glob("omnimsg_*")]
    there = {
        file.relative_to(top.parent).as_posix()
        for top in tops
        for file in top.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    built = {each.distribution_path for each in WheelBuilder(str(root)).recurse_included_files()}

    assert {"omnimsg/py.typed", "omnimsg/sandbox/inbox/page/index.html"} < built
    assert there == built


def test_the_lock_file_names_the_public_index_alone() -> None:
    """The lock file names only hosts of the public index, and no mirror."""
    lock = (Path(__file__).parents[2] / "uv.lock").read_text(encoding="utf-8")

    hosts = set(re.findall(r'[a-z]+://([^/"]+)', lock))

    assert {"files.pythonhosted.org", "pypi.org"} == hosts
