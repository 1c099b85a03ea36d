"""Fixtures and options that every test may use."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let whoever runs the fault suite say how long it takes."""
    parser.addoption(
        "--seeds",
        type=int,
        default=0,
        metavar="N",
        help="run tests/faults on N seeds, each with 5,000 messages; by default small but for one",
    )


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio only: aiohttp has no other loop."""
    return "asyncio"
