"""Checks of requests: well formed, within the limits, without credentials, with ttl and extras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import attrs

from omnimsg.adapter import Effect, Multipart, Source
from omnimsg.domain.errors import OmnimsgError
from omnimsg.json_codec import JSONDecodeError, loads
from omnimsg.testing.adapters.flow_driver import drive
from omnimsg.testing.adapters.leak_detection import credentials_of, find_leaks
from omnimsg.testing.adapters.operation_harness import OperationHarness
from omnimsg.testing.adapters.request_contents import parameters, request_texts
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from omnimsg.adapter import Request

MARKER = "omnimsg-conformance-marker"


class RequestChecks(OperationHarness):
    """A request is valid, contains no credentials, and carries the data of message and account."""

    @check
    def test_requests_are_well_formed(self) -> Iterator[str]:
        """Method in upper case, path or absolute URL, body of a known type, headers as text."""
        for request in self._send_requests():
            if not request.method.isalpha() or request.method != request.method.upper():
                yield f"the method is {request.method!r}"
            if not request.url.startswith(("/", "https://", "http://")):
                yield "the url is neither a path from / nor an absolute address"
            body: Any = request.body
            if not isinstance(body, (bytes, Source, Multipart, type(None))):
                yield f"the body is {type(body).__name__}"
            if isinstance(body, bytes) and not request.content_type:
                yield "the body has no content_type"
            is_called_json = isinstance(body, bytes) and "json" in (request.content_type or "")
            if is_called_json and not _is_json(body):
                yield "the body is no JSON as its content_type says"
            pairs: list[Any] = [*request.query, *request.headers.items()]
            if not all(isinstance(each, str) for pair in pairs for each in pair):
                yield "query and headers must be pairs of text"

    @check
    def test_requests_carry_the_credentials(self) -> Iterator[str]:
        """If there are credentials, some request of each operation is `authenticated`."""
        if not self.build_adapter().authorization():
            raise SkipTest("the adapter has no credentials in headers")
        requests = {"send": self._send_requests()}
        if self.adapter_class.operations():
            requests |= {name.value: run.requests for name, _, run in self.driven_operations()}
        for name, sent in requests.items():
            if not any(each.authenticated for each in sent):
                yield f"{name}: no request is `authenticated`"

    @check
    def test_send_has_effect_sends(self) -> Iterator[str]:
        """A request of `send` has `Effect.SENDS`, which makes a lost answer ambiguous."""
        if not any(each.effect is Effect.SENDS for each in self._send_requests()):
            yield "no request of `send` has Effect.SENDS"

    @check
    def test_requests_are_within_max_bytes(self) -> Iterator[str]:
        """A batch of plain messages stays within the `max_bytes` of the capabilities."""
        limit = self.capabilities.max_bytes
        if limit is None:
            raise SkipTest("the capabilities name no max_bytes")
        for each in self._send_requests():
            if isinstance(each.body, bytes) and len(each.body) > limit:
                yield f"a body has {len(each.body)} bytes, {limit} are allowed"

    @check
    def test_requests_hold_no_credentials(self) -> Iterator[str]:
        """No part of a request contains a credential, plain or encoded: the engine adds them."""
        adapter = self.build_adapter()
        credentials = credentials_of(adapter.account.settings, adapter.authorization())
        for request in self._send_requests():
            for part, text in request_texts(request).items():
                for name in find_leaks(text, credentials):
                    yield f"the request's {part} holds {name}"

    @check
    def test_credentials_go_only_to_declared_hosts(self) -> Iterable[str]:
        """Authenticated requests go below the base URL or to a host that `hosts` declares."""
        adapter = self.build_adapter()
        if not adapter.hosts or not all(adapter.hosts):
            return [f"`hosts` is {sorted(adapter.hosts)!r}"]
        batch = self.batch(self.batch_size)
        return self.send(batch, self.accepting_responder(batch), adapter=adapter).violations

    @check
    def test_authorization_headers_are_single_lines(self) -> Iterator[str]:
        """`authorization` returns single lines of text, the same every time."""
        adapter = self.build_adapter()
        headers: Mapping[str, Any] = adapter.authorization()
        for name, value in headers.items():
            if not isinstance(value, str) or not value or {"\r", "\n"} & set(name + value):
                yield f"the header {name!r} is no single line of text"
        if headers != adapter.authorization():
            yield "gives other headers the second time"

    @check
    def test_the_remaining_ttl_is_sent(self) -> Iterator[str]:
        """The time that a message has waited in the engine is subtracted from the sent ttl."""
        message = attrs.evolve(self.batch(1)[0], ttl=7200)
        adapter = self.build_adapter()
        channel = adapter.channel_of(message)
        if channel is None or "ttl" not in self.capabilities.channels[channel].fields:
            raise SkipTest("the provider has no ttl on this channel")
        fresh, late = (
            self.sending_requests(message, adapter, waited=waited) for waited in (0.0, 3600.0)
        )
        if fresh == late:
            yield "an hour of waiting changes nothing in the request"

    @check
    def test_extras_reach_the_provider(self) -> Iterator[str]:
        """The extras of message and account are in the request; the message's take precedence."""
        extras = {self.adapter_class.provider: {"omnimsg_a": f"{MARKER}-message"}}
        message = attrs.evolve(self.batch(1)[0], extras=extras)
        account_extras = {"omnimsg_a": f"{MARKER}-overridden", "omnimsg_b": f"{MARKER}-account"}
        adapter = self.build_adapter(extras=account_extras)
        failure = adapter.check(message)
        if failure is not None:
            yield f"extras are refused: {failure.sentence()}"
            return
        request = "\n".join(
            text
            for each in self.sending_requests(message, adapter)
            for text in request_texts(each).values()
        )
        for name in ("message", "account"):
            if f"{MARKER}-{name}" not in request:
                yield f"the {name}'s extras are not in the request"
        if f"{MARKER}-overridden" in request:
            yield "the account's extras override the message's"

    @check
    def test_protected_extras_are_refused(self) -> Iterator[str]:
        """Extras may set neither recipient nor reference, in a message or in an account."""
        adapter_class = self.adapter_class
        if not adapter_class.protected:
            yield "`protected` is empty: recipient, reference and list of messages belong there"
        message = self.batch(1)[0]
        for key in sorted(adapter_class.protected):
            extras = {key: MARKER}
            with_extras = attrs.evolve(message, extras={adapter_class.provider: extras})
            failure = self.build_adapter().check(with_extras)
            path = f"extras.{adapter_class.provider}.{key}"
            if failure is None or failure.path != path:
                yield f"{path} in a message is not refused by that path"
            try:
                failure = self.build_adapter(extras=extras).check(message)
            except OmnimsgError:
                continue
            if failure is None:
                yield f"{key} in the account's extras is not refused"

    @check
    def test_protected_names_the_recipient_and_the_reference(self) -> Iterator[str]:
        """Each member of a request that holds the recipient or the reference is protected.

        Extras of an account would otherwise send every message to one person.
        """
        message = self.batch(1)[0]
        adapter = self.build_adapter()
        to = message.to.removeprefix("+") if isinstance(message.to, str) else MARKER
        for name, value in parameters(self.sending_requests(message, adapter)[-1]):
            if not adapter.protected.isdisjoint(name.split(".")):
                continue
            if to in value:
                yield f"`protected` names no part of {name}, which holds the recipient"
            if message.reference == value:
                yield f"`protected` names no part of {name}, which holds the reference"

    def _send_requests(self) -> tuple[Request, ...]:
        batch = self.batch(self.batch_size)
        adapter = self.build_adapter()
        flow = adapter.send(batch, self.context(adapter))
        return drive(flow, self.accepting_responder(batch)).requests


def _is_json(body: bytes) -> bool:
    try:
        loads(body)
    except JSONDecodeError:
        return False
    return True
