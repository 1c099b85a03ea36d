"""Thousands of messages with repeated, reordered, early and contradicting callbacks, and doubts.

`--seeds N` runs it on N seeds, each with 10,000 messages.
"""

from __future__ import annotations

import pytest
from support.storm import CALLBACK_FAULTS, storm

from omnimsg.delivery.tracked import Handover
from omnimsg.domain.status import Status

pytestmark = pytest.mark.anyio

MANY, FEW = 10_000, 240


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the storm with each requested seed, or by default with two small ones."""
    if "size" in metafunc.fixturenames:
        asked = metafunc.config.getoption("seeds")
        runs = [(seed, MANY) for seed in range(asked)] or [(0, FEW), (1, FEW)]
        metafunc.parametrize(
            ("seed", "size"), runs, ids=[f"{seed} of {size}" for seed, size in runs]
        )


@pytest.mark.timeout(1800)
async def test_every_message_ends_as_its_handset_proves(seed: int, size: int) -> None:
    """Each event is handled once, statuses match the handsets, and provable doubts end."""
    async with storm(seed, size, in_batches=seed % 2 == 1) as place:
        await place.send()
        await place.settle()
        found = await place.found()
        doubts = await place.client.doubts()
        counts = place.sandbox.callbacks.counts
        arrived = {each.number for each in place.sandbox.handsets.all()}
        fired = {each["kind"]: each["fired"] for each in place.sandbox.faults.as_json()}
        expected = place.events_that_came()

    # No callback was lost, and each fault was applied.
    assert (0, 0, 0) == tuple(counts[name] for name in ("given_up", "lost", "dropped"))
    assert all(fired[kind] for kind in CALLBACK_FAULTS)
    assert size == len(place.outcomes)
    assert place.doubtful()
    assert any(is_contradicted for _, _, is_contradicted in found.values())

    # Each event was handled exactly once.
    assert {1} == set(place.handled.values())
    assert expected == set(place.handled)

    numbers = {
        each.reference: each.to
        for account in ("bird", "clickatell", "messente")
        for each in place.messages(account)
    }
    wrong = {
        reference: (status, is_contradicted)
        for reference, (_, status, is_contradicted) in found.items()
        if status.reached is not (numbers[reference] in arrived)
        # For a failed message that is also reported as delivered, the truth is unknown.
        and not (is_contradicted and status.reached)
    }
    assert {} == wrong

    # A remaining doubt is of a message that the provider never had.
    left = {each.reference for each in doubts}
    assert {Handover.IN_DOUBT} >= {each.handover for each in doubts}
    assert place.doubtful() == left | (place.doubtful() & set(found))
    assert set() == {each for each in left if numbers[str(each)] in arrived}
    assert set(numbers) == set(found) | left

    # The last status told to the application is the final one, and none went back.
    for reference, (message_id, status, _) in found.items():
        told = place.told.get(message_id, [Status.UNKNOWN])
        assert status is told[-1], reference
        assert sorted(told, key=lambda each: each.rank) == told, reference
