"""The addresses of callbacks: set, shown without secrets, and switched off by the control API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omnimsg.sandbox import Sandbox

if TYPE_CHECKING:
    from support.callback_target import Target
    from support.sandbox_fixtures import Clock

    from .conftest import Api

pytestmark = pytest.mark.anyio


async def test_an_address_at_run_time(sandbox: Sandbox, api: Api, target: Target) -> None:
    """A callback goes to the base address with the provider's name appended."""
    status, _ = await api.control("PUT", "callbacks", {"url": f"{target.url}/other"})

    await api.bird()
    await sandbox.callbacks.flush()

    assert (200, ["/other/bird"]) == (status, [call.path for call in target.calls])


async def test_an_address_of_one_provider(sandbox: Sandbox, api: Api, target: Target) -> None:
    """A provider's own address is used unchanged; the others keep the base address."""
    own = f"{target.url}/hooks/mine?a=1"
    await api.control("PUT", "callbacks", {"provider": "clickatell", "url": own})

    await api.clickatell()
    await api.bird()
    await sandbox.callbacks.flush()

    assert {"/hooks/mine?a=1", "/callbacks/bird"} == {call.path for call in target.calls}


async def test_what_is_shown(sandbox: Sandbox, api: Api, target: Target, clock: Clock) -> None:
    """The control API shows masked addresses, counts, and the latest attempts with answers."""
    target.answers.append(500)
    secret = f"{target.url}/hooks/a-secret-of-the-path-1?token=secret"
    await api.control("PUT", "callbacks", {"provider": "bird", "url": secret})
    message_id = await api.clickatell()
    await sandbox.callbacks.flush()

    _, shown = await api.control("GET", "callbacks")

    assert {
        "addresses": {
            "url": f"{target.url}/callbacks",
            "bird": f"{target.url}/hooks/***?token=***",
        },
        "counts": {
            "waiting": 1,
            "attempts": 1,
            "taken": 0,
            "given_up": 0,
            "lost": 0,
            "dropped": 0,
        },
        "latest": [
            {
                "at": "2023-11-14T22:13:20.000Z",
                "provider": "clickatell",
                "kind": "status.QUEUED",
                "id": message_id,
                "attempt": 1,
                "status": 500,
                "error": None,
                "faults": [],
            }
        ],
    } == shown


async def test_callbacks_are_switched_off(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """Switching off drops waiting callbacks and sends no more, not even to a `dlr_url`."""
    target.answers.append(500)
    await api.clickatell()
    await sandbox.callbacks.flush()

    _, shown = await api.control("DELETE", "callbacks")
    await api.messente(dlr_url=f"{target.url}/mine")
    clock.now += 3600
    await sandbox.callbacks.flush()

    assert ({"url": None}, 1) == (shown["addresses"], len(target.calls))


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (None, "body"),
        ([], "body"),
        ({}, "url"),
        ({"url": 1}, "url"),
        ({"url": "callbacks"}, "url"),
        ({"url": "ftp://a.test"}, "url"),
        ({"url": "http://a.test:99999"}, "url"),
        ({"url": "http://me:secret@a.test"}, "url"),
        ({"url": "http://a.test?x=1"}, "url"),
        ({"url": "http://a.test", "provider": "nobody"}, "provider"),
        ({"url": "http://a.test", "provider": 1}, "provider"),
        ({"url": "http://a.test", "adress": "x"}, "adress"),
    ],
)
async def test_invalid_addresses(api: Api, body: Any, named: str) -> None:
    """An invalid address is refused with the field's name, and the former address stays."""
    before = await api.control("GET", "callbacks")

    status, answer = await api.control("PUT", "callbacks", body)

    assert (400, named) == (status, answer["error"].partition(":")[0])
    assert before == await api.control("GET", "callbacks")


def test_an_invalid_address_is_no_sandbox() -> None:
    """A sandbox with an invalid address for callbacks is not created."""
    with pytest.raises(ValueError, match=r"^callbacks: must be an HTTP URL$"):
        Sandbox(callbacks="callbacks")


async def test_a_foreign_page_sets_no_address(api: Api) -> None:
    """A web page of another origin cannot set the address of callbacks."""
    status, _ = await api.call(
        "PUT",
        "/_sandbox/callbacks",
        json={"url": "http://evil.example"},
        headers={"Origin": "http://evil.example"},
    )

    assert 403 == status


async def test_other_characters_are_escaped(sandbox: Sandbox, api: Api, target: Target) -> None:
    """Characters outside ASCII in an address are percent-encoded."""
    await api.control("PUT", "callbacks", {"url": f"{target.url}/rückruf"})

    await api.bird()
    await sandbox.callbacks.flush()

    assert ["/r%C3%BCckruf/bird"] == [call.path for call in target.calls]
