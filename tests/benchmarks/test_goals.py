"""What is said of a figure."""

from __future__ import annotations

import pytest

from goals import GOALS, Goal, judged
from latency import quantiles

LESS = Goal(name="less", must=1.2, aim=1.1, of=lambda samples: samples["taken"])
MORE = Goal(
    name="more", must=20, aim=25, digits=0, at_least=True, of=lambda samples: samples["taken"]
)


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (LESS, 1.1, "aim reached"),
        (LESS, 1.15, "must reached"),
        (LESS, 1.21, "missed"),
        (MORE, 25.0, "aim reached"),
        (MORE, 21.0, "must reached"),
        (MORE, 19.9, "missed"),
    ],
)
def test_the_median_decides(goal: Goal, value: float, verdict: str) -> None:
    """One wild sample changes the range and not the verdict."""
    assert verdict == goal.judged({"taken": [0.001, value, 1000.0]})["verdict"]


def test_limits_and_values_are_written_alike() -> None:
    """The table sets like beside like."""
    said = MORE.judged({"taken": [20.0, 30.0, 40.0]})

    assert (">= 20x", ">= 25x", "30x [20 to 40]") == (
        said["must"],
        said["aim"],
        said["measured"],
    )


def test_what_was_not_measured_is_not_judged() -> None:
    """Without valgrind the line stays, and says so."""
    assert {("not measured", "")} == {(said["measured"], said["verdict"]) for said in judged({})}


def test_what_only_informs_is_never_missed() -> None:
    """The wait of a caller is wall time."""
    said = GOALS["p99"].judged({"p99 send": [30.0], "p99 direct": [20.0]})

    assert ("1.50x", "informative") == (said["measured"], said["verdict"])


def test_peers_are_set_against_one_message_a_request() -> None:
    """So many times cheaper than the peer, round by round."""
    said = GOALS["apprise_json"].judged(
        {"apprise_json/asyncio": [900.0, 1000.0], "single/asyncio": [90.0, 100.0]}
    )

    assert ([10.0, 10.0], "aim reached") == (said["values"], said["verdict"])


def test_a_start_is_set_against_that_of_aiohttp() -> None:
    """What every program that sends imports is the measure of a start."""
    said = GOALS["help"].judged({"start omnimsg --help": [56.0], "start import aiohttp": [100.0]})

    assert ("0.56x", "aim reached") == (said["measured"], said["verdict"])


def test_quantiles_of_waits() -> None:
    """Half waited no longer than p50, all but one of a hundred no longer than p99."""
    assert {"p50": 50.0, "p99": 99.0} == quantiles([float(each) for each in range(100)])
