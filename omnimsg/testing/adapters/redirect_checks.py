"""Checks of redirects: no credentials for undeclared hosts, and no message sent twice."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from omnimsg.adapter import Effect, Response
from omnimsg.testing.adapters.flow_driver import sending_index
from omnimsg.testing.adapters.leak_detection import credentials_of, find_leaks
from omnimsg.testing.adapters.operation_harness import OperationHarness
from omnimsg.testing.adapters.request_contents import request_texts
from omnimsg.testing.assertions import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from omnimsg.adapter import Adapter, Request
    from omnimsg.testing.adapters.flow_driver import Responder

_REDIRECTS = (301, 302, 303, 307, 308)
# Statuses that may answer a POST that was performed.
_REDIRECTS_AFTER_A_POST = (301, 302, 303)

_STRANGER = "stranger.example.test"


class RedirectChecks(OperationHarness):
    """A redirect is an untrusted answer: it may not come from the provider."""

    @check
    def test_redirects_carry_no_credentials_to_a_stranger(self) -> Iterator[str]:
        """No redirect makes the adapter send credentials to an undeclared host, or unencrypted.

        Neither through `authenticated`, nor inside the request that the adapter builds.
        """
        for name, adapter, flow, respond in self._flows():
            credentials = credentials_of(adapter.account.settings, adapter.authorization())
            count = len(self.run_guarded(flow, respond, adapter).requests)
            targets = list(_targets(adapter.account.base_url))
            for index, status, (target_name, target) in product(range(count), _REDIRECTS, targets):
                redirect = Response(status, b"", {"Location": target})
                responder = self.broken_responder(index, redirect, respond)
                run = self.run_guarded(flow, responder, adapter)
                leaks = _leaks(run.requests[index + 1 :], adapter, credentials)
                for each in (*run.violations, *leaks):
                    yield f"{name}, answer {index + 1}, HTTP {status} to {target_name}: {each}"

    @check
    def test_a_redirected_send_is_not_repeated(self) -> Iterator[str]:
        """No request sends a message again after a redirect, because it may have been sent."""
        batch = self.batch(1)
        respond = self.accepting_responder(batch)
        index = sending_index(self.send(batch, respond).requests)
        for status in _REDIRECTS_AFTER_A_POST:
            redirect = Response(status, b"", {"Location": f"{self.account().base_url}/elsewhere"})
            run = self.send(batch, self.broken_responder(index, redirect, respond))
            yield from (f"HTTP {status}: {each}" for each in run.violations)
            if any(each.effect is Effect.SENDS for each in run.requests[index + 1 :]):
                yield f"HTTP {status}: a second request sends the message"

    def _flows(self) -> Iterator[tuple[str, Adapter[Any], Callable[[], Any], Responder]]:
        """Yield every flow of the adapter: name, adapter, start function and responder."""
        adapter = self.build_adapter()
        batch = self.batch(1)
        send = partial(adapter.send, batch, self.context(adapter))
        yield "send", adapter, send, self.accepting_responder(batch)
        for operation in sorted(self.adapter_class.operations()):
            flow = self.operation_flow(operation, adapter)
            yield operation.value, adapter, flow, self.operation_responder(operation)


def _targets(base_url: str) -> Iterator[tuple[str, str]]:
    """Yield addresses that must not get the credentials, with a name for each."""
    host = urlsplit(base_url).netloc
    yield "another host", f"https://{_STRANGER}/x"
    yield "a host without a scheme", f"//{_STRANGER}/x"
    yield "a host that begins like the provider's", f"https://{host}.{_STRANGER}/x"
    yield "a host behind the provider's name", f"https://{host}@{_STRANGER}/x"
    yield "another port", f"https://{host.partition(':')[0]}:4443/x"
    yield "its own host, unencrypted", f"http://{host}/x"


def _leaks(
    requests: Sequence[Request], adapter: Adapter[Any], credentials: dict[str, str]
) -> Iterator[str]:
    """Yield the violations of the requests that follow a redirect."""
    is_encrypted = adapter.account.base_url.startswith("https:")
    for request in requests:
        url = urlsplit(request.url)
        if not url.netloc:
            continue
        if request.authenticated and is_encrypted and url.scheme != "https":
            yield f"sends the credentials to {url.netloc!r} unencrypted"
        if url.netloc not in adapter.hosts or url.scheme != "https":
            for part, text in request_texts(request).items():
                for name in find_leaks(text, credentials):
                    yield f"the {part} of a request to {url.netloc!r} holds {name}"
