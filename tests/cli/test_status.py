"""`omnimsg status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omnimsg import Channel, Client, MessageId, MessageStatus
from omnimsg.domain.status import LegStatus

if TYPE_CHECKING:
    from support.command import Run

    from omnimsg.sandbox import Sandbox


@pytest.mark.parametrize(
    ("account", "to", "status", "reason"),
    [
        ("clickatell", "+27820990001", "delivered", None),
        ("clickatell", "+27820990007", "expired", "expired"),
        ("messente", "+27820990001", "delivered", None),
        ("bird", "+27820990001", "delivered", None),
    ],
)
def test_a_known_message(
    run: Run, sandbox: Sandbox, account: str, to: str, status: str, reason: str | None
) -> None:
    """The JSON form has the unified status, and the provider's own in a leg's timeline."""
    sent = run(
        "send", "--account", account, "--channel", "sms", "--to", to, "--text", "x", "--json"
    )
    message_id = sent.rows[0]["id"]

    ran = run("status", message_id, "--json")

    (row,) = ran.rows
    assert ran.code == 0
    assert (message_id, status, reason) == (row["id"], row["status"], row["reason"])
    (leg,) = row["legs"]
    assert (leg["channel"], leg["status"]) == ("sms", status)
    assert leg["timeline"][-1]["provider_status"]
    assert status in run("status", message_id).out
    assert to[1:] not in ran.out


def test_the_provider_s_words_of_a_failure(run: Run, sandbox: Sandbox) -> None:
    """A failure's text from the provider is printed below the table and is in the JSON form."""
    to = "+27820990006"
    sent = run("send", "--account", "bird", "--channel", "sms", "--to", to, "--text", "x", "--json")
    message_id = sent.rows[0]["id"]
    said = run("status", message_id, "--json").rows[0]["legs"][0]["detail"]

    printed = run("status", message_id).out

    assert "subscriber" in said
    assert f"the provider says of sms: {said}" in printed


def test_an_unknown_message_is_exit_code_1(run: Run, sandbox: Sandbox) -> None:
    """An unknown message is printed like any other, with advice, and is exit code 1."""
    ran = run("status", "clickatell:00000000000000000000000000000000", "--json")

    assert ran.code == 1
    assert "the provider does not know this id; `omnimsg send` prints" in ran.hint
    assert (ran.rows[0]["status"], ran.rows[0]["reason"]) == ("unknown", "not_found")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no-colon", "MESSAGE_ID: must look like account:provider-id"),
        ("other:1", "no account 'other'"),
    ],
)
def test_a_wrong_id(run: Run, sandbox: Sandbox, text: str, expected: str) -> None:
    """An id without an account, or of an unknown account, is exit code 2."""
    ran = run("status", text)

    assert ran.code == 2
    assert expected in ran.error
    assert "omnimsg" in ran.hint
    assert "--help" not in ran.hint


def test_a_provider_that_does_not_answer(run: Run, sandbox: Sandbox) -> None:
    """A failed look-up is one error line and exit code 1."""
    sandbox.faults.add("status", status=500, on="any", probability=1)

    ran = run("status", "clickatell:1", "--deadline", "0.1")

    assert ran.code == 1
    assert "status through account 'clickatell' failed" in ran.error
    assert ran.hint


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_number_in_the_provider_s_words(
    run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    """A number in the provider's text about a failure is masked."""

    async def status(*_: object, **__: object) -> MessageStatus:
        leg = LegStatus(channel=Channel.SMS, detail="no subscriber +27820990001")
        return MessageStatus(id=MessageId("clickatell:1"), legs=(leg,))

    monkeypatch.setattr(Client, "status", status)

    ran = run("status", "clickatell:1", *flags)

    assert (0, True) == (ran.code, "no subscriber +278******01" in ran.out)
