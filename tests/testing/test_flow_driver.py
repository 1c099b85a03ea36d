"""`drive` runs a flow by hand, and stops one that is no flow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import omnimsg.testing
from omnimsg.adapter import Answer, Request, Response
from omnimsg.testing import AdapterConformance, drive

if TYPE_CHECKING:
    from omnimsg.adapter import Flow


def two_steps() -> Flow[bytes]:
    """Ask twice and put the answers together."""
    first = yield Request("GET", "/1")
    second = yield Request("GET", "/2")
    return first.body + second.body


def test_a_flow_is_driven_to_its_end() -> None:
    """The value, the requests and the responses are kept, in order."""
    driven = drive(two_steps(), lambda request: Response(200, request.url.encode()))

    assert driven.value == b"/1/2"
    assert [each.url for each in driven.requests] == ["/1", "/2"]
    assert [each.body for each in driven.responses] == [b"/1", b"/2"]


@pytest.mark.parametrize(("status", "body"), [(200, b""), (404, b"why not")])
def test_a_sink_takes_only_the_body_of_a_success(status: int, body: bytes) -> None:
    """A flow never sees a body that went into the caller's sink, but does see an error's."""

    def download() -> Flow[bytes]:
        response = yield Request("GET", "/1", answer=Answer.SINK)
        return response.body

    assert drive(download(), lambda _: Response(status, b"why not")).value == body


def endless() -> Flow[None]:
    """Never stop asking."""
    while True:
        yield Request("GET", "/")


def strange() -> Any:
    """Ask for something that is no request."""
    yield "GET /"


@pytest.mark.parametrize("flow", [endless(), strange(), None, [Request("GET", "/")]])
def test_what_is_no_flow_is_refused(flow: Any) -> None:
    """Endless flows, other generators and plain values fail with what a flow must be."""
    with pytest.raises(AssertionError, match="must"):
        drive(flow, lambda _: Response(200))


def test_what_a_flow_raises_passes_through() -> None:
    """An error of the flow reaches whoever drives it."""

    def broken() -> Flow[None]:
        yield Request("GET", "/")
        raise LookupError

    with pytest.raises(LookupError):
        drive(broken(), lambda _: Response(200))


def test_nothing_of_it_needs_pytest() -> None:
    """The suite can be imported where pytest is not installed."""
    modules = Path(omnimsg.testing.__file__).parent.glob("*.py")

    assert [each.name for each in modules if "import pytest" in each.read_text("utf-8")] == []


def test_all_is_sorted_and_there() -> None:
    """`__all__` names what the package has."""
    assert sorted(omnimsg.testing.__all__) == omnimsg.testing.__all__
    assert all(hasattr(omnimsg.testing, name) for name in omnimsg.testing.__all__)


def test_every_check_states_its_promise() -> None:
    """Each check has a docstring, for a failing run to read like a list of broken promises."""
    checks = [name for name in dir(AdapterConformance) if name.startswith("test_")]

    assert [name for name in checks if not getattr(AdapterConformance, name).__doc__] == []
