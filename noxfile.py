"""What is run before a change lands. `nox` runs the usual sessions; `nox -s NAME` runs one.

Each session installs what it needs from `pyproject.toml`, so it passes on a new machine.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "typing", "tests", "wheel", "site"]
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
    """The whole suite, with the floor under branch coverage."""
    session.install("-e", ".[test]")
    session.run(
        "python", "-m", "pytest", *(session.posargs or ["--cov", "--cov-report=term", "-n", "auto"])
    )


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
