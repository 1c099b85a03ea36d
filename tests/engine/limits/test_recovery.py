"""The account always recovers: whatever opens at once, every circuit has a probe that is due."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from support.adapters import FakeTransport, accepted, texts, tiny
from support.virtual import VirtualLoop

from omnimsg import AccountTrouble, Channel, Client, Policy, RetryPolicy, SendError
from omnimsg.adapter import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

WELL = 60.0
ANSWERS: dict[str, Callable[[Request], Response]] = {
    "accepts": accepted,
    "unauthorized": lambda _: Response(401),
    "no funds": lambda _: Response(402),
    "page": lambda _: Response(403, b"<html>blocked</html>"),
    "wrong channel": lambda _: Response(404, b"<html>nothing here</html>"),
    "unavailable": lambda _: Response(503),
    "broken": lambda _: Response(500),
    "too fast": lambda _: Response(429, headers={"Retry-After": "3"}),
}


async def outcome_of(client: Client, number: int, deadline: float, channel: str = "sms") -> str:
    """Send one message, and return the kind of its outcome."""
    (message,) = texts(1, start=number, channel=channel)
    try:
        await client.send(message, deadline=deadline)
    except SendError as error:
        return error.outcome.kind
    return "accepted"


def test_provider_and_account_circuits_that_open_at_once_do_not_wait_for_each_other() -> None:
    """Five 503, then two 401 on a provider that is well again, and a message every 50 ms."""
    answers = iter(["unavailable"] * 5 + ["unauthorized"] * 2)
    loop = VirtualLoop()

    async def story() -> float:
        def reply(request: Request) -> Response:
            return ANSWERS[next(answers, "accepts")](request)

        wire = FakeTransport(reply)
        policies = {"main": Policy(retry=RetryPolicy(attempts=1))}
        client = Client([tiny()], policies=policies, transport=lambda _: wire, clock=loop)
        began = loop.now
        for number in range(2000):
            if await outcome_of(client, number, 2.0) == "accepted":
                break
            await asyncio.sleep(0.05)
        await client.aclose()
        return loop.now - began

    with closing(loop):
        assert loop.drive(story()) < 20


class Recovery(RuleBasedStateMachine):
    """An account whose provider answers as it is told, and callers that keep coming."""

    policy = Policy()

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.answer = "accepts"
        self.wire = FakeTransport(self.reply)
        self.count = 0
        self.waiting: set[asyncio.Task[str]] = set()
        self.loop.drive(self.open())

    async def open(self) -> None:
        """Build the client."""
        self.client = Client(
            [tiny(max_messages=2)],
            policies={"main": self.policy},
            transport=lambda _: self.wire,
            clock=self.loop,
        )

    def reply(self, request: Request) -> Response:
        """Answer as the provider does now."""
        return ANSWERS[self.answer](request)

    async def call(self, deadline: float, channel: str) -> str:
        """Send one message."""
        self.count += 1
        return await outcome_of(self.client, self.count, deadline, channel)

    @rule(answer=st.sampled_from(sorted(ANSWERS)))
    def change(self, answer: str) -> None:
        """Have the provider answer otherwise from now on."""
        self.answer = answer

    @rule(
        count=st.integers(1, 4),
        deadline=st.sampled_from([0.5, 4.0, 30.0]),
        channel=st.sampled_from([Channel.SMS.value, Channel.WHATSAPP.value]),
    )
    def send(self, count: int, deadline: float, channel: str) -> None:
        """Have some callers send."""
        for _ in range(count):
            task = self.loop.create_task(self.call(deadline, channel))
            self.waiting.add(task)
            task.add_done_callback(self.waiting.discard)
        self.loop.settle()

    @rule(seconds=st.sampled_from([0.05, 1.0, 4.9, 5.1, 20.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.drive(asyncio.sleep(seconds))

    def teardown(self) -> None:
        """Let the provider be well: within a minute a message every 50 ms is accepted again."""
        self.answer = "accepts"

        async def recover() -> list[str]:
            kinds: list[str] = []
            until = self.loop.now + WELL
            while self.loop.now < until and kinds[-1:] != ["accepted"]:
                kinds.append(await self.call(2.0, "sms"))
                await asyncio.sleep(0.05)
            await self.client.aclose()
            return kinds

        try:
            assert "accepted" == self.loop.drive(recover())[-1]
            assert not self.waiting
        finally:
            self.loop.close()


@pytest.mark.parametrize("trouble", AccountTrouble)
def test_whatever_happened_a_healthy_provider_is_used_again(
    trouble: AccountTrouble, unblocked: None
) -> None:
    """In any order of refusals, failures and waiting, with either policy."""
    del unblocked
    policy = Policy(retry=RetryPolicy(attempts=2, base=0.1), account_trouble=trouble)
    machine: Any = type("Recovery", (Recovery,), {"policy": policy})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
