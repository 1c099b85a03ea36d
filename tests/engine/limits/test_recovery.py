"""An account always recovers: every open circuit has a probe that is due."""

from __future__ import annotations

import asyncio
import math
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from support.adapters import FakeTransport, accepted, texts, tiny
from support.virtual import VirtualLoop

from omnimsg import (
    AccountTrouble,
    Channel,
    Client,
    Limits,
    OperationError,
    Policy,
    Reason,
    RetryPolicy,
    SendError,
)
from omnimsg.adapter import Request, Response
from omnimsg.transport import TransportFault

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from omnimsg.transport import Sink, WriteMark

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
    "too fast for ages": lambda _: Response(429, headers={"Retry-After": "1900000000"}),
    "unavailable for a while": lambda _: Response(503, headers={"Retry-After": "8"}),
    "unauthorized for a while": lambda _: Response(401, headers={"Retry-After": "8"}),
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
    """After the provider's and the account's circuit opened together, messages leave in 20 s."""
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


class Wire(FakeTransport):
    """A transport that can also time out or refuse connections."""

    broken: TransportFault | None = None

    async def exchange(
        self, request: Request, *, within: float, mark: WriteMark, sink: Sink | None = None
    ) -> Response:
        """Answer, time out or raise the fault."""
        broken = self.broken
        if broken is not None:
            if broken.reason is Reason.TIMEOUT:
                mark.written = True
                await asyncio.sleep(min(within, 5.0))
            raise broken
        return await super().exchange(request, within=within, mark=mark, sink=sink)


class Recovery(RuleBasedStateMachine):
    """A state machine: an account, a provider whose answers change, and many callers."""

    policy = Policy()

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.answer = "accepts"
        self.wire = Wire(self.reply)
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
        """Answer as the provider does at this time."""
        if request.method == "GET" and self.answer == "accepts":
            return Response(200, b'{"left": "1"}')
        return ANSWERS[self.answer](request)

    async def ask(self, deadline: float) -> str:
        """Ask for the balance."""
        try:
            await self.client.balance(deadline=deadline)
        except OperationError as error:
            return error.failure.reason.value
        return "answered"

    async def call(self, deadline: float, channel: str) -> str:
        """Send one message."""
        self.count += 1
        return await outcome_of(self.client, self.count, deadline, channel)

    @rule(answer=st.sampled_from(sorted(ANSWERS)))
    def change(self, answer: str) -> None:
        """Change what the provider answers."""
        self.answer, self.wire.broken = answer, None

    @rule(reason=st.sampled_from([Reason.TIMEOUT, Reason.CONNECTION_FAILED]))
    def vanish(self, reason: Reason) -> None:
        """Let the provider time out, or refuse connections."""
        self.wire.broken = TransportFault(reason, "the provider is gone")

    @rule(count=st.integers(1, 4), deadline=st.sampled_from([0.5, 4.0, 30.0, math.inf]))
    def operate(self, count: int, deadline: float) -> None:
        """Start calls that ask for the balance."""
        self.begin([self.ask(deadline) for _ in range(count)])

    @rule(
        count=st.integers(1, 4),
        deadline=st.sampled_from([0.5, 4.0, 30.0, math.inf]),
        channel=st.sampled_from([Channel.SMS.value, Channel.WHATSAPP.value]),
    )
    def send(self, count: int, deadline: float, channel: str) -> None:
        """Start calls that send a message."""
        self.begin([self.call(deadline, channel) for _ in range(count)])

    def begin(self, calls: list[Coroutine[Any, Any, str]]) -> None:
        """Start calls as concurrent tasks."""
        for each in calls:
            task = self.loop.create_task(each)
            self.waiting.add(task)
            task.add_done_callback(self.waiting.discard)
        self.loop.settle()

    @rule(seconds=st.sampled_from([0.05, 1.0, 4.9, 5.1, 20.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.drive(asyncio.sleep(seconds))

    def teardown(self) -> None:
        """Check that within a minute a healthy provider accepts a message again.

        Then an operation is answered, and every call without a deadline has ended.
        """
        self.answer, self.wire.broken = "accepts", None

        async def recover() -> list[str]:
            kinds: list[str] = []
            until = self.loop.now + WELL
            while self.loop.now < until and kinds[-1:] != ["accepted"]:
                kinds.append(await self.call(2.0, "sms"))
                await asyncio.sleep(0.05)
            kinds += [await self.ask(2.0), await self.call(2.0, "sms")]
            if self.waiting:
                await asyncio.wait(self.waiting, timeout=WELL)
            assert not self.waiting
            await self.client.aclose()
            return kinds

        try:
            assert ["accepted", "answered", "accepted"] == self.loop.drive(recover())[-3:]
        finally:
            self.loop.close()


def machine(trouble: AccountTrouble) -> type[Recovery]:
    """Build the state machine for a policy."""
    policy = Policy(
        retry=RetryPolicy(attempts=2, base=0.1),
        account_trouble=trouble,
        limits=Limits(max_pause=20.0),
    )
    return type("Recovery", (Recovery,), {"policy": policy})


@pytest.mark.parametrize("trouble", AccountTrouble)
@pytest.mark.parametrize("answer", ANSWERS)
def test_after_any_answer_a_healthy_provider_is_used_again(
    answer: str, trouble: AccountTrouble, unblocked: None
) -> None:
    """After any kind of failure, a healthy provider is used again, also for operations."""
    del unblocked
    account = machine(trouble)()
    account.change(answer)
    account.send(4, math.inf, "sms")
    account.operate(2, math.inf)
    account.wait(1.0)

    account.teardown()


@pytest.mark.parametrize("trouble", AccountTrouble)
def test_whatever_happened_a_healthy_provider_is_used_again(
    trouble: AccountTrouble, unblocked: None
) -> None:
    """After any sequence of failures and waits, a healthy provider is used again."""
    del unblocked
    run_state_machine_as_test(
        machine(trouble),
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
