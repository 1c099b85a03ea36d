"""The adapter of docs/write-an-adapter.md passes the conformance suite."""

from __future__ import annotations

import base64
import hmac
import re
from pathlib import Path
from typing import Any

import attrs
import pytest

from omnimsg import Accepted, Client, Message, Rejected, Secret, Status
from omnimsg.adapter import Account, Callback
from omnimsg.sandbox import Sandbox, Scenario, magic_number
from omnimsg.testing import AdapterConformance

PAGE = Path(__file__).parents[2] / "docs" / "write-an-adapter.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHECKS = sorted(name for name in dir(AdapterConformance) if name.startswith("test_"))


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """Run the page's code blocks in order in one namespace, and return the namespace."""
    namespace: dict[str, Any] = {"__name__": "pigeon"}
    for block in BLOCK.findall(PAGE.read_text("utf-8")):
        exec(block, namespace)  # noqa: S102 - the page's own code
    return namespace


@pytest.mark.parametrize("check", CHECKS)
def test_the_example_passes(page: dict[str, Any], check: str) -> None:
    """The example passes each check of the suite."""
    getattr(page["TestPigeon"](), check)()


@pytest.mark.anyio
async def test_the_emulator_plays_the_provider(page: dict[str, Any]) -> None:
    """The page's adapter sends through the page's emulator, in the sandbox."""
    delivered, unknown, eaten = (
        magic_number(each)
        for each in (Scenario.DELIVERED, Scenario.INVALID_RECIPIENT, Scenario.UNDELIVERABLE)
    )
    async with Sandbox([page["PigeonEmulator"]]) as sandbox:
        table = sandbox.config()["accounts"]["pigeon"]
        settings = page["PigeonSettings"](key=Secret(table["key"]))
        account = Account(name="pigeon", settings=settings, base_url=table["base_url"])
        async with Client([page["PigeonAdapter"](account)]) as client:
            messages = [Message(each, "Hello") for each in (delivered, unknown, eaten)]
            outcomes = {
                messages[each.position or 0].to: each async for each in client.send_many(messages)
            }
            states = {
                to: (await client.status(each.id)).status
                for to, each in outcomes.items()
                if isinstance(each, Accepted)
            }
        (received,) = sandbox.handsets.all()

    assert {delivered: Status.DELIVERED, eaten: Status.FAILED} == states
    assert isinstance(outcomes[unknown], Rejected)
    assert (delivered, "Hello", str(outcomes[delivered].reference)) == (
        received.number,
        received.text,
        received.reference,
    )


def test_a_signed_form_is_told_from_a_forged_one(page: dict[str, Any]) -> None:
    """The page's function takes the signature of address and fields, and no other."""
    body = "text=a+%26+b&id=1"
    url = "https://hooks.example.test/callbacks/post?a=b"
    mac = hmac.digest(b"key", f"{url}id1texta & b".encode(), "sha1")
    header = (b"X-Pigeon-Signature", base64.b64encode(mac))
    genuine = Callback(body=body.encode(), headers=(header,), url=url)
    forged = attrs.evolve(genuine, body=b"text=c&id=1")

    found = [page["is_signed"](each, [Secret("key")]) for each in (genuine, forged)]

    assert [True, False] == found
