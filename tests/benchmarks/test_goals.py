"""Figures against their goals: the shown value and the verdict."""

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
    """The median of the samples decides the verdict, so that one outlier does not change it."""
    assert verdict == goal.judged({"taken": [0.001, value, 1000.0]})["verdict"]


def test_limits_and_values_are_written_alike() -> None:
    """The limits and the measured value of a figure are shown with the same unit and digits."""
    said = MORE.judged({"taken": [20.0, 30.0, 40.0]})

    assert (">= 20x", ">= 25x", "30x [20 to 40]") == (
        said["must"],
        said["aim"],
        said["measured"],
    )


def test_what_was_not_measured_is_not_judged() -> None:
    """A figure without samples is shown as not measured, without a verdict."""
    assert {("not measured", "")} == {(said["measured"], said["verdict"]) for said in judged({})}


def test_what_only_informs_is_never_missed() -> None:
    """An informative figure beyond its limit is "informative", never "missed"."""
    said = GOALS["p99"].judged({"p99 send": [30.0], "p99 direct": [20.0]})

    assert ("1.50x", "informative") == (said["measured"], said["verdict"])


def test_peers_are_set_against_one_message_a_request() -> None:
    """A peer's figure is its cost relative to one message a request, one ratio for each round."""
    said = GOALS["apprise_json"].judged(
        {"apprise_json/asyncio": [900.0, 1000.0], "single/asyncio": [90.0, 100.0]}
    )

    assert ([10.0, 10.0], "aim reached") == (said["values"], said["verdict"])


def test_a_start_is_set_against_that_of_aiohttp() -> None:
    """The figure of a start is its time relative to that of `import aiohttp`."""
    said = GOALS["help"].judged({"start omnimsg --help": [56.0], "start import aiohttp": [100.0]})

    assert ("0.56x", "aim reached") == (said["measured"], said["verdict"])


def test_quantiles_of_waits() -> None:
    """Half of the waits are at most p50, and 99 of 100 are at most p99."""
    assert {"p50": 50.0, "p99": 99.0} == quantiles([float(each) for each in range(100)])
