"""Lost answers with `resend_if_not_found`: a look-up decides, and no message arrives twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.audit import doubles, slips

from omnimsg import Accepted

from .conftest import FEW, MANY, TRANSPORTS, WEATHER, Run, weather
from .test_random_faults import streamed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.sandbox_process import RemoteSandbox

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

# Seconds; the sandbox lists a message as soon as it is accepted.
SOON = 0.5


@pytest.fixture(
    params=[(route, each) for route in ("bird", "bird-batches") for each in TRANSPORTS],
    ids="-".join,
)
async def lossy(
    request: pytest.FixtureRequest, remote: RemoteSandbox, pytestconfig: pytest.Config
) -> AsyncIterator[Run]:
    """Give a run in which answers are lost for certain, and look-ups fail too."""
    await remote.reset()
    await remote.add("reset_after", count=2)
    await remote.add("reset_before", count=2)
    await remote.add("status", status=503, probability=0.1, seed=77, on="any")
    await weather(remote, 0, WEATHER)
    # The sandbox scans all its messages for each look-up.
    route, transport = request.param
    size = MANY // 5 if pytestconfig.getoption("seeds") else FEW
    yield Run(remote, route, 0, size, transport)
    await remote.reset()


async def test_nobody_has_two(lossy: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A processed message is found and accepted, a lost one sent again, and none arrives twice."""
    messages = lossy.messages()
    async with await lossy.client(on_ambiguous="resend_if_not_found", not_found_for=SOON) as client:
        outcomes = await streamed(client, messages, lossy.chance())

    phones = await lossy.remote.phones()
    announced = {each for event in lossy.retries for each in event.doubtful}
    again = {each.reference for each in messages if lossy.book.resent(each.reference)}
    doubted = {each.reference for each in messages if lossy.book.doubts(each.reference)}
    taken = {each.reference for each in outcomes if isinstance(each, Accepted)}
    found = taken & doubted - again
    with capsys.disabled():
        print(  # noqa: T201 - measures the cost of look-ups
            f"\n{lossy.route}: of {lossy.size} messages {len(doubted)} were in doubt,"
            f" {len(found)} were found, {len(again)} were sent again,"
            f" {len(doubted - taken)} stayed in doubt"
        )
    assert [] == slips(messages, outcomes, phones, lossy.book)
    assert [] == doubles(messages, phones)
    # Not every announced message is sent again: the breaker may prevent it.
    assert again <= announced
    assert found
    assert again & taken
