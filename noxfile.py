"""What is run before a change lands. `nox` runs the usual sessions; `nox -s NAME` runs one.

Each session installs what it needs from `pyproject.toml`, so it passes on a new machine.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "typing", "tests", "coverage", "wheel", "site"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = False

PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)


@nox.session
def lint(session: nox.Session) -> None:
    """Formatting, lint, spelling, and the import contracts that hold the architecture."""
    session.install("-e", ".[dev]")
    session.run("ruff", "format", "--check")
    session.run("ruff", "check")
    session.run("codespell")
    session.run("lint-imports", "--no-cache")


@nox.session
def typing(session: nox.Session) -> None:
    """Strict types inside, and complete ones on the public surface."""
    session.install("-e", ".[dev]")
    session.run("mypy")
    session.run("pyright", "--verifytypes", "omnimsg", "--ignoreexternal")
    session.run("python", "docs/typecheck.py")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The whole suite."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *(session.posargs or ["-n", "auto"]))


@nox.session
def coverage(session: nox.Session) -> None:
    """The floor under branch coverage.

    Apart from the other runs of the suite, because tracing takes much of their time. Whole runs and
    generated examples do not count: see `tests/conftest.py`.
    """
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "--cov", "--cov-report=term", "-n", "auto")


@nox.session
def plain_json(session: nox.Session) -> None:
    """The library without orjson, in the tests of what reads and writes JSON."""
    session.install("-e", ".[test]")
    session.run(
        *("python", "-m", "pytest", "-p", "support.without_orjson", "-n", "auto"),
        *(session.posargs or ["tests/domain", "tests/adapter", "tests/conformance", "tests/e2e"]),
    )


# Not the newest: an interpreter that is missing is skipped, and these worlds must not be.
@nox.session(python="3.13")
def simulate(session: nox.Session) -> None:
    """10,000 worlds that are each named by a seed: minutes, on all cores."""
    session.install("-e", ".[test]")
    session.run(
        "python",
        "-m",
        "pytest",
        "tests/simulation/test_worlds.py",
        *(session.posargs or ["--seeds", "10000", "-n", "auto"]),
    )


@nox.session
def wheel(session: nox.Session) -> None:
    """The suite against the built wheel instead of the working tree."""
    built = Path(session.create_tmp()) / "dist"
    shutil.rmtree(built, ignore_errors=True)
    session.install("build")
    session.run("python", "-m", "build", "--outdir", str(built))
    (package,) = built.glob("*.whl")
    session.install(f"omnimsg[test] @ {package.resolve().as_uri()}")
    # -P: without it the working tree would be imported instead of what was installed.
    session.run("python", "-P", "-m", "pytest", *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """What a release publishes: `dist/`, and `build/omnimsg.cdx.json`, the list of its parts."""
    session.install(*PYPROJECT["project"]["optional-dependencies"]["release"])
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    session.run("twine", "check", "--strict", *map(str, Path("dist").iterdir()))
    # By itself, so that what it does not declare is missing, and the list has nothing else.
    installed = Path(session.create_tmp()).resolve() / "installed"
    session.run("python", "-m", "venv", "--clear", str(installed))
    folder = installed / ("Scripts" if os.name == "nt" else "bin")
    python = str(folder / "python")
    (built,) = Path("dist").glob("*.whl")
    wanted = f"omnimsg[cli,phone,protocol,speed] @ {built.resolve().as_uri()}"
    session.run(python, "-m", "pip", "install", "--quiet", wanted, external=True)
    session.run(python, "-m", "pip", "uninstall", "--yes", "setuptools", "pip", external=True)
    session.run(str(folder / "omnimsg"), "--version", external=True)
    session.run(str(folder / "omnimsg"), "demo", external=True)
    Path("build").mkdir(exist_ok=True)
    session.run(
        *("cyclonedx-py", "environment", "--pyproject", "pyproject.toml", "--output-reproducible"),
        *("--output-format", "JSON", "--output-file", "build/omnimsg.cdx.json", python),
    )


@nox.session
def docs(session: nox.Session) -> None:
    """Write the generated tables anew, and run every example in the docs."""
    session.install("-e", ".[test]")
    session.run("python", "docs/generate.py")
    session.run("python", "-m", "pytest", "tests/docs")


@nox.session
def site(session: nox.Session) -> None:
    """The pages as a site, in `site/`; a broken link is an error."""
    session.install(*PYPROJECT["project"]["optional-dependencies"]["docs"])
    session.run("zensical", "build", "--strict", "--clean")


@nox.session
def bench(session: nox.Session) -> None:
    """Everything in docs/benchmarks.md, in twelve minutes or so, and the page itself."""
    session.install("-e", ".[bench]")
    session.run("python", "benchmarks/codec.py")
    session.run("python", "benchmarks/run.py", *session.posargs)
