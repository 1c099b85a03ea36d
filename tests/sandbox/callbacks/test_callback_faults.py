"""Faults of callbacks, and what the application's server receives under each."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import pytest
from support.sandbox_fixtures import PACE

from omnimsg.sandbox import FaultError, Sandbox

from .conftest import TO

if TYPE_CHECKING:
    from support.callback_target import Call, Target
    from support.sandbox_fixtures import Clock

    from .conftest import Api

pytestmark = pytest.mark.anyio

CLICKATELL = ["QUEUED", "SENT_TO_SUPPLIER", "DEVICE_ACK"]


async def play(sandbox: Sandbox, clock: Clock, *, steps: int = 8) -> None:
    """Advance the clock through the steps of a message, and wait for every callback."""
    for _ in range(steps):
        await sandbox.callbacks.flush()
        clock.now += PACE


async def test_a_callback_twice(sandbox: Sandbox, api: Api, target: Target, clock: Clock) -> None:
    """A duplicated callback has the same bytes and signature both times."""
    sandbox.faults.add("callback_duplicate")

    await api.bird()
    await play(sandbox, clock)

    first, second, *_ = target.calls
    assert first == second
    assert ["accepted", "accepted", "processing", "sent", "delivered"] == target.statuses


async def test_two_callbacks_in_another_order(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A reordered report is sent after the next report of its message."""
    sandbox.faults.add("callback_reorder")

    await api.clickatell()
    await play(sandbox, clock)

    assert ["SENT_TO_SUPPLIER", "QUEUED", "DEVICE_ACK"] == target.statuses


async def test_the_last_callback_keeps_its_place(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """The last report of a message is not reordered and does not use up the fault."""
    fault = sandbox.faults.add("callback_reorder", count=10)

    await api.clickatell()
    await play(sandbox, clock)

    assert (["SENT_TO_SUPPLIER", "QUEUED", "DEVICE_ACK"], 1) == (target.statuses, fault.fired)


async def test_a_late_callback(sandbox: Sandbox, api: Api, target: Target, clock: Clock) -> None:
    """A delayed report is sent later by the sandbox's clock, and keeps its own timestamp."""
    sandbox.faults.add("callback_delay", seconds=15)

    await api.clickatell()
    await play(sandbox, clock)

    assert ["SENT_TO_SUPPLIER", "QUEUED", "DEVICE_ACK"] == target.statuses
    assert 1_700_000_000_000 == target.calls[1].clickatell["timestamp"]


@pytest.mark.parametrize("provider", ["clickatell", "messente", "bird"])
async def test_a_wrong_signature(
    sandbox: Sandbox, target: Target, clock: Clock, provider: str
) -> None:
    """The first attempt has a wrong signature; after a 401 the repetition has the right one."""
    target.answers.append(401)
    sandbox.faults.add("callback_bad_signature")

    sandbox.reply(TO, "Yes", provider=provider)
    await play(sandbox, clock)

    header = {
        "clickatell": None,
        "messente": "X-Messente-Signature",
        "bird": "messagebird-signature",
    }[provider]
    first, second = target.calls
    seen = [call.path if header is None else call.headers[header] for call in (first, second)]
    assert seen[0] != seen[1]
    assert first.body == second.body


async def test_a_wrong_signature_of_messente(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """Messente's first attempt has a wrong signature, and the repetition the right one."""
    target.answers.append(401)
    sandbox.faults.add("callback_bad_signature")

    await api.messente("+27820990003")
    await play(sandbox, clock)

    expected = hmac.new(b"sandbox-password", target.calls[0].body, hashlib.sha256).hexdigest()
    signatures = [call.headers["X-Messente-Signature"] for call in target.calls]
    assert [False, True] == [expected == each for each in signatures]


async def test_a_wrong_signature_that_is_taken(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A wrongly signed callback that is answered with success is not repeated."""
    sandbox.faults.add("callback_bad_signature")

    await api.messente("+27820990003")
    await play(sandbox, clock)

    assert 1 == len(target.calls)


@pytest.mark.parametrize(
    ("provider", "to", "statuses"),
    [
        ("clickatell", TO, [*CLICKATELL, "DELIVERY_FAILURE"]),
        ("clickatell", "+27820990007", [*CLICKATELL[:2], "EXPIRED", "DEVICE_ACK"]),
        ("messente", TO, ["ACK", "DELIVRD", "UNDELIV"]),
        ("messente", "+27820990003", ["FAILED", "DELIVRD"]),
        ("bird", TO, ["accepted", "processing", "sent", "delivered", "delivery_failed"]),
        ("bird", "+27820990004", ["accepted", "processing", "rejected", "delivered"]),
    ],
)
async def test_a_contradiction(
    sandbox: Sandbox,
    api: Api,
    target: Target,
    clock: Clock,
    *,
    provider: str,
    to: str,
    statuses: list[str],
) -> None:
    """A delivery is reported as failed one step later, and a failure as delivered."""
    sandbox.faults.add("callback_contradict")

    await getattr(api, provider)(to)
    await play(sandbox, clock)

    assert statuses == target.statuses


async def test_a_contradiction_has_a_later_time_and_a_failure(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A contradicting report has its own time, and a failure with a code."""
    sandbox.faults.add("callback_contradict")

    await api.bird()
    await play(sandbox, clock)

    payload = target.documents[-1]["payload"]
    assert "2023-11-14T22:14:00.000Z" == payload["lastStatusAt"]
    assert 15001 == payload["failure"]["code"]


async def test_a_contradiction_waits_for_a_message_that_settles(
    sandbox: Sandbox, api: Api, clock: Clock
) -> None:
    """A message without a final status is not contradicted and does not use up the fault."""
    fault = sandbox.faults.add("callback_contradict")

    await api.clickatell("+27820990011")
    await play(sandbox, clock)

    assert 0 == fault.fired


@pytest.mark.parametrize(
    ("provider", "first"), [("clickatell", "QUEUED"), ("messente", "ACK"), ("bird", "accepted")]
)
async def test_a_report_before_the_answer(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock, provider: str, first: str
) -> None:
    """An early first report is delivered once, before the answer to the send."""
    sandbox.faults.add("callback_early", count=1)

    await getattr(api, provider)()
    at_answer = target.statuses
    await play(sandbox, clock)

    assert [first] == at_answer
    assert 1 == target.statuses.count(first)


async def test_each_message_of_a_request_may_be_early(
    sandbox: Sandbox, api: Api, target: Target
) -> None:
    """The fault for early reports counts messages, not requests."""
    sandbox.faults.add("callback_early", count=2)
    key = sandbox.config()["accounts"]["clickatell"]["api_key"]
    numbers = ["27820000001", "27820000002", "27820000003"]

    await api.call(
        "POST",
        "/clickatell/v1/message",
        json={"messages": [{"to": to, "content": "Hello"} for to in numbers]},
        headers={"Authorization": key},
    )

    assert ["QUEUED", "QUEUED"] == target.statuses


async def test_an_early_report_waits_for_an_address(
    sandbox: Sandbox, api: Api, target: Target
) -> None:
    """A message without an address for callbacks does not use up the fault."""
    fault = sandbox.faults.add("callback_early", provider="clickatell")
    sandbox.callbacks.switch_off()
    sandbox.callbacks.set_url(target.url, "bird")

    await api.clickatell()

    assert (0, []) == (fault.fired, target.calls)


async def test_an_early_report_that_is_not_answered(
    sandbox: Sandbox, api: Api, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the early report is not answered in time, the send is answered all the same."""
    monkeypatch.setattr("omnimsg.sandbox.callbacks.reports.EARLY_SECONDS", 0.01)
    answered = asyncio.Event()

    async def wait(_: Call) -> None:
        await answered.wait()

    target.hook = wait
    sandbox.faults.add("callback_early")

    message_id = await api.clickatell()
    answered.set()
    await sandbox.callbacks.flush()

    assert [message_id] == [call.clickatell["messageId"] for call in target.calls]


async def test_a_callback_that_never_comes(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A lost callback is counted and listed, and not repeated."""
    sandbox.faults.add("callback_lost")

    await api.clickatell()
    await play(sandbox, clock)

    first, *_ = sandbox.callbacks.latest
    assert CLICKATELL[1:] == target.statuses
    assert 1 == sandbox.callbacks.counts["lost"]
    assert ("status.QUEUED", 0, None, ["callback_lost"]) == tuple(
        first[name] for name in ("kind", "attempt", "status", "faults")
    )


async def test_a_held_callback_follows_a_lost_one(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A reordered report is sent even if the next report of its message is lost."""
    sandbox.faults.add("callback_reorder")
    await api.clickatell()
    await sandbox.callbacks.flush()
    sandbox.faults.add("callback_lost")

    await play(sandbox, clock)

    assert ["QUEUED", "DEVICE_ACK"] == target.statuses


async def test_faults_meet(sandbox: Sandbox, api: Api, target: Target, clock: Clock) -> None:
    """Faults of different kinds combine in one callback; of one kind, one applies at a time."""
    target.answers.append(401)
    sandbox.faults.add("callback_duplicate")
    sandbox.faults.add("callback_bad_signature")
    sandbox.faults.add("callback_duplicate")

    await api.clickatell("+27820990011")
    await play(sandbox, clock, steps=1)
    counts = len(target.calls)
    await play(sandbox, clock)

    # Both copies of the first report have a wrong signature; one was refused and is repeated.
    assert 2 == counts
    assert 3 == target.statuses.count("QUEUED")
    assert 2 == target.statuses.count("SENT_TO_SUPPLIER")


async def test_a_fault_of_one_provider(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A fault for one provider does not affect the callbacks of others."""
    fault = sandbox.faults.add("callback_lost", provider="bird", count=100)

    await api.clickatell()
    await api.bird()
    await play(sandbox, clock)

    assert (CLICKATELL, 4) == (target.statuses, fault.fired)


async def test_a_share_of_callbacks(target: Target, clock: Clock) -> None:
    """With a probability and a seed, the same callbacks are lost in every run."""
    runs = []

    for _ in range(2):
        target.calls.clear()
        async with Sandbox(clock=clock, callbacks=target.url) as sandbox:
            sandbox.faults.add("callback_lost", probability=0.5, seed=3)
            for number in range(20):
                sandbox.reply(TO, str(number), provider="messente")
            await sandbox.callbacks.flush()
        runs.append([document["text"] for document in target.documents])

    assert runs[0] == runs[1]
    assert 0 < len(runs[0]) < 20


async def test_a_phones_messages_are_hit_too(sandbox: Sandbox, target: Target) -> None:
    """Faults of callbacks apply to inbound messages too."""
    sandbox.faults.add("callback_duplicate")

    sandbox.reply(TO, "Yes", provider="messente")
    await sandbox.callbacks.flush()

    assert ["Yes", "Yes"] == [document["text"] for document in target.documents]


async def test_a_reset_forgets_what_faults_hold(
    sandbox: Sandbox, api: Api, target: Target, clock: Clock
) -> None:
    """A reset drops the reordered, delayed and contradicting reports that are still waiting."""
    for kind in ("callback_reorder", "callback_delay", "callback_contradict"):
        sandbox.faults.add(kind, count=10)
    await api.messente("+27820990003")
    await api.clickatell()
    clock.now += PACE
    await sandbox.callbacks.flush()
    target.calls.clear()

    sandbox.reset()
    await play(sandbox, clock)

    assert [] == target.calls


async def test_faults_of_callbacks_hit_no_request(sandbox: Sandbox, api: Api) -> None:
    """Faults of callbacks do not affect requests, and those of requests not callbacks."""
    lost = sandbox.faults.add("callback_lost", count=10)
    status = sandbox.faults.add("status", on="any", count=10)

    shown, _ = await api.call("GET", "/clickatell/v1/balance")
    sandbox.reply(TO, "Yes", provider="messente")
    await sandbox.callbacks.flush()

    assert (503, 1, 1) == (shown, lost.fired, status.fired)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"on": "any"}, "on"),
        ({"seconds": 1}, "seconds"),
        ({"count": 1, "probability": 0.5}, "probability"),
        ({"provider": "nobody"}, "provider"),
    ],
)
async def test_invalid_faults(sandbox: Sandbox, options: dict[str, Any], named: str) -> None:
    """An invalid option of a callback fault is refused with its name."""
    with pytest.raises(FaultError, match=f"^{named}: "):
        sandbox.faults.add("callback_duplicate", **options)


async def test_a_fault_over_http(api: Api, target: Target, clock: Clock) -> None:
    """A callback fault can be added over HTTP and is returned with its options."""
    added = await api.control("POST", "faults", {"kind": "callback_delay", "seconds": 2})

    assert 201 == added[0]
    assert ("callback_delay", 1, "callback", 2) == tuple(
        added[1][name] for name in ("kind", "count", "on", "seconds")
    )
