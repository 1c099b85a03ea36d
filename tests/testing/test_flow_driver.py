"""`drive` runs a flow without an engine, and fails for anything that is not a flow."""

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
    """Send two requests and join the bodies of the answers."""
    first = yield Request("GET", "/1")
    second = yield Request("GET", "/2")
    return first.body + second.body


def test_a_flow_is_driven_to_its_end() -> None:
    """`Driven` holds the value, the requests and the responses, in order."""
    driven = drive(two_steps(), lambda request: Response(200, request.url.encode()))

    assert driven.value == b"/1/2"
    assert [each.url for each in driven.requests] == ["/1", "/2"]
    assert [each.body for each in driven.responses] == [b"/1", b"/2"]


def test_an_error_of_the_provider_is_not_the_end_of_the_flow() -> None:
    """A flow that asks for more than a list of answers has does not seem to have ended."""
    answers = iter([Response(200)])

    with pytest.raises(StopIteration):
        drive(two_steps(), lambda _: next(answers))


@pytest.mark.parametrize(("status", "body"), [(200, b""), (404, b"why not")])
def test_a_sink_takes_the_body_of_a_success_only(status: int, body: bytes) -> None:
    """A flow with a sink gets an empty body for a success, and the body of an error."""

    def download() -> Flow[bytes]:
        response = yield Request("GET", "/1", answer=Answer.SINK)
        return response.body

    assert drive(download(), lambda _: Response(status, b"why not")).value == body


def endless() -> Flow[None]:
    """Send requests without end."""
    while True:
        yield Request("GET", "/")


def yields_a_string() -> Any:
    """Yield a value that is not a request."""
    yield "GET /"


@pytest.mark.parametrize("flow", [endless(), yields_a_string(), None, [Request("GET", "/")]])
def test_drive_fails_for_anything_but_a_flow(flow: Any) -> None:
    """An endless flow, another generator or a plain value fails with the rule for flows."""
    with pytest.raises(AssertionError, match="must"):
        drive(flow, lambda _: Response(200))


def test_an_error_of_the_flow_passes_through() -> None:
    """An error that the flow raises reaches the caller of `drive`."""

    def broken() -> Flow[None]:
        yield Request("GET", "/")
        raise LookupError

    with pytest.raises(LookupError):
        drive(broken(), lambda _: Response(200))


def test_the_suite_does_not_import_pytest() -> None:
    """The suite can be imported where pytest is not installed."""
    modules = Path(omnimsg.testing.__file__).parent.rglob("*.py")

    assert [each.name for each in modules if "import pytest" in each.read_text("utf-8")] == []


def test_all_is_sorted_and_complete() -> None:
    """`__all__` is sorted, and the package has every name in it."""
    assert sorted(omnimsg.testing.__all__) == omnimsg.testing.__all__
    assert all(hasattr(omnimsg.testing, name) for name in omnimsg.testing.__all__)


def test_every_check_has_a_docstring() -> None:
    """Each check states in a docstring what an adapter must do."""
    checks = [name for name in dir(AdapterConformance) if name.startswith("test_")]

    assert [name for name in checks if not getattr(AdapterConformance, name).__doc__] == []
