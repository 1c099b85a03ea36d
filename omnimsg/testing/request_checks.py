"""Checks of what leaves: pure requests, without credentials, that say what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from omnimsg.adapter import Effect, Multipart, Source
from omnimsg.domain.errors import OmnimsgError
from omnimsg.testing import purity_guard
from omnimsg.testing.flow_driver import drive
from omnimsg.testing.harness import Harness, hold, skip
from omnimsg.testing.leak_detection import credentials_of, leaks, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omnimsg.adapter import Request

MARK = "omnimsg-conformance-mark"


class RequestChecks(Harness):
    """A request depends on its messages, the context and the account, and on nothing else."""

    def test_requests_are_well_formed(self) -> None:
        """A verb in capitals, a path below the base URL or an https address, a body of bytes."""
        broken: list[str] = []
        for request in self._requests():
            if not request.method.isalpha() or request.method != request.method.upper():
                broken.append(f"the method is {request.method!r}")
            if not request.url.startswith(("/", "https://", "http://")):
                broken.append("the url is neither a path from / nor an absolute address")
            body: Any = request.body
            if not isinstance(body, (bytes, Source, Multipart, type(None))):
                broken.append(f"the body is {type(body).__name__}")
            if isinstance(body, bytes) and not request.content_type:
                broken.append("the body has no content_type")
            lines: list[Any] = [*request.query, *request.headers.items()]
            if not all(isinstance(each, str) for line in lines for each in line):
                broken.append("query and headers must be pairs of text")
        hold(broken)

    def test_sending_is_declared_as_sending(self) -> None:
        """A flow that sends says so (`Effect.SENDS`), for its answer may be lost."""
        if not any(each.effect is Effect.SENDS for each in self._requests()):
            hold(["no request of `send` has Effect.SENDS"])

    def test_requests_are_within_the_limit_of_bytes(self) -> None:
        """A full batch of plain messages stays below what the capabilities say."""
        most = self.capabilities.max_bytes
        if most is None:
            raise skip("the capabilities name no limit of bytes")

        hold(
            [
                f"a body has {len(each.body)} bytes, {most} are allowed"
                for each in self._requests()
                if isinstance(each.body, bytes) and len(each.body) > most
            ]
        )

    def test_credentials_stand_in_no_request(self) -> None:
        """The engine adds the credentials: no part of a request holds any, plain or encoded."""
        adapter = self.build()
        credentials = credentials_of(adapter.account.settings, adapter.authorization())

        hold(
            [
                f"the request's {part} holds {name}"
                for request in self._requests()
                for part, text in text_of(request).items()
                for name in leaks(text, credentials)
            ]
        )

    def test_credentials_go_to_declared_hosts(self) -> None:
        """Authenticated requests go below the base URL or to a host that `hosts` declares."""
        adapter = self.build()
        if not adapter.hosts or not all(adapter.hosts):
            hold([f"`hosts` is {sorted(adapter.hosts)!r}"])
        batch = self.batch(self.several)

        hold(self.send(batch, self.accepting(batch), adapter=adapter).broken)

    def test_authorization_is_plain_header_lines(self) -> None:
        """`authorization` gives single lines of text, the same ones every time."""
        adapter = self.build()
        lines: Mapping[str, Any] = adapter.authorization()
        broken = [
            f"the header line {name!r} is no single line of text"
            for name, value in lines.items()
            if not isinstance(value, str) or not value or {"\r", "\n"} & set(name + value)
        ]

        hold(broken + ["gives other lines the second time"] * (lines != adapter.authorization()))

    def test_requests_are_the_same_for_the_same_message(self) -> None:
        """The same messages in the same context give the same bytes, in every adapter object."""
        batch = self.batch(self.several)
        first, second = self.build(), self.build()

        requests = [
            drive(each.send(batch, self.context(each)), self.accepting(batch)).requests
            for each in (first, first, second)
        ]

        hold(
            [
                f"{name} gives another request"
                for name, each in (
                    ("the second time, the adapter", requests[1]),
                    ("a second adapter of the same account", requests[2]),
                )
                if each != requests[0]
            ]
        )

    def test_flows_take_nothing_from_outside(self) -> None:
        """A flow reads no clock, no chance, no environment, no file and no socket."""
        batch = self.batch(self.several)
        adapter, respond = self.build(), self.accepting(batch)
        run = drive(adapter.send(batch, self.context(adapter)), respond)
        flow = adapter.send(batch, self.context(adapter))

        with purity_guard.watched() as seen:
            try:
                next(flow)
                for response in run.responses:
                    flow.send(response)
            except StopIteration:
                pass
            for each in batch:
                adapter.check(each)
                adapter.group(each)

        hold([f"calls {name}" for name in seen])

    def test_flows_side_by_side_do_not_touch_each_other(self) -> None:
        """Two flows of one adapter, step by step in turn, give what they give alone."""
        batch = self.batch(2)
        adapter = self.build()
        alone = [
            drive(adapter.send([each], self.context(adapter)), self.accepting([each]))
            for each in batch
        ]
        flows = [adapter.send([each], self.context(adapter)) for each in batch]
        told: list[list[Any]] = [[None, *each.responses] for each in alone]
        ends: list[Any] = [None, None]
        asked: list[list[Request]] = [[], []]

        while any(told):
            for index, flow in enumerate(flows):
                if told[index]:
                    try:
                        asked[index].append(flow.send(told[index].pop(0)))
                    except StopIteration as end:
                        ends[index] = end.value
                        told[index].clear()

        hold(
            [
                f"flow {index} {what} beside another"
                for index, each in enumerate(alone)
                for what, same in (
                    ("gives another outcome", ends[index] == each.value),
                    ("asks for something else", tuple(asked[index]) == each.requests),
                )
                if not same
            ]
        )

    def test_flows_change_nothing_in_the_adapter(self) -> None:
        """An adapter holds nothing that changes: not in itself, not in its class."""
        batch = self.batch(self.several)
        adapter = self.build()
        before = self._state(adapter)

        drive(adapter.send(batch, self.context(adapter)), self.tell(self.said_variously(batch)))
        for each in batch:
            adapter.check(each)

        hold(["the adapter is not what it was"] * (self._state(adapter) != before))

    def test_the_ttl_that_is_left_is_sent(self) -> None:
        """What a message waited here is taken off the ttl that the provider gets."""
        capabilities = self.capabilities
        message = attrs.evolve(self.batch(1)[0], ttl=7200)
        adapter = self.build()
        channel = adapter.channel_of(message)
        if channel is None or "ttl" not in capabilities.channels[channel].fields:
            raise skip("the provider has no ttl on this channel")

        fresh, late = (
            next(adapter.send([message], self.context(adapter, waited=waited)))
            for waited in (0.0, 3600.0)
        )

        hold(["an hour of waiting changes nothing in the request"] * (fresh == late))

    def test_extras_reach_the_provider(self) -> None:
        """The message's extras and the account's stand in the request; the message's win."""
        provider = self.adapter_class.provider
        plain = self.batch(1)[0]
        message = attrs.evolve(plain, extras={provider: {"omnimsg_a": f"{MARK}-message"}})
        account = {"omnimsg_a": f"{MARK}-lost", "omnimsg_b": f"{MARK}-account"}
        adapter = self.build(extras=account)

        failure = adapter.check(message)
        hold([] if failure is None else [f"extras are refused: {failure.sentence()}"])
        shown = "\n".join(text_of(self.first_request(message, adapter)).values())

        hold(
            [
                *(
                    f"the {name}'s extras are not in the request"
                    for name in ("message", "account")
                    if f"{MARK}-{name}" not in shown
                ),
                *(["the account's extras win over the message's"] * (f"{MARK}-lost" in shown)),
            ]
        )

    def test_extras_decide_neither_recipient_nor_matching(self) -> None:
        """Protected keys are refused by name, in a message's extras and in the account's."""
        cls = self.adapter_class
        if not cls.protected:
            hold(["`protected` is empty: recipient, reference and list of messages belong there"])
        message = self.batch(1)[0]
        broken: list[str] = []
        for key in sorted(cls.protected):
            extras = {key: MARK}
            failure = self.build().check(attrs.evolve(message, extras={cls.provider: extras}))
            path = f"extras.{cls.provider}.{key}"
            if failure is None or failure.path != path:
                broken.append(f"{path} in a message is not refused by that path")
            try:
                failure = self.build(extras=extras).check(message)
            except OmnimsgError:
                continue
            if failure is None:
                broken.append(f"{key} in the account's extras is not refused")
        hold(broken)

    def _requests(self) -> tuple[Request, ...]:
        batch = self.batch(self.several)
        adapter = self.build()
        return drive(adapter.send(batch, self.context(adapter)), self.accepting(batch)).requests

    def _state(self, adapter: Any) -> object:  # noqa: ANN401 - any adapter
        members = {
            name: value
            for each in type(adapter).__mro__
            for name, value in vars(each).items()
            if not name.startswith("__") and name != "_abc_impl" and not callable(value)
        }
        return purity_guard.state(vars(adapter)), purity_guard.state(members)
