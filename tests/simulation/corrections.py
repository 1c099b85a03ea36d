"""Patches of simloom and other libraries where they differ from a real machine.

* Callbacks run in the order in which they were scheduled. asyncio promises that, and both aiohttp
  and the engine rely on it; simloom's own scheduler picks any of them. Interleavings come from the
  network and from timers.
* A power cut ends timers for good; simloom runs those that are due after the restart.
* An aborted connection resets its peer; simloom closes it in order. A host that loses its power
  resets nothing, and a reset may be lost: then the peer notices by keepalive probes, if its socket
  has them, or by writing once the host is up again; otherwise never.
* Data written to a connection before it was closed arrive once the network heals.
* aiohttp's pool has its own reference to the clock, and anyio runs work in real threads; both are
  replaced by the universe's clock and loop.
* Single steps are not recorded.
* The objects of a universe are collected at its end, although aiohttp would keep some of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import warnings
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import aiohttp.connector
import aiohttp.web_app
import anyio.to_thread
from simloom import _eventlog, _loop
from simloom import _net as simulated_network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class InOrder:
    """A scheduler that runs callbacks in the order in which they were scheduled."""

    descriptor = "in order"

    def __init__(self, loop: Any) -> None:
        del loop

    def pick(self, ready: Sequence[Any]) -> int:
        """Choose the first of the callbacks that are due."""
        del ready
        return 0


@contextlib.contextmanager
def real_machine() -> Iterator[None]:
    """Apply the patches while the context lasts."""
    with (
        patch.object(aiohttp.connector, "monotonic", lambda: asyncio.get_running_loop().time()),
        patch.object(anyio.to_thread, "run_sync", _inline),
        patch.object(simulated_network.SimTransport, "abort", _abort),
        patch.object(simulated_network.SimTransport, "_drop_on_crash", _vanish),
        patch.object(simulated_network.SimTransport, "_send", _send),
        # These two take a third of a world's time: a record of every step, which story and tape
        # replace, and a check of every callback, which asyncio makes too.
        patch.object(_eventlog.EventLog, "emit", _ignore),
        patch.object(_loop, "_check_callback", _ignore),
        patch.object(simulated_network.SimNetwork, "_forget", _forget),
        patch.object(simulated_network.SimNetwork, "_release", _release),
        patch.object(simulated_network.SimNetwork, "sock_connect", _connect),
        patch.object(simulated_network.SimNetwork, "create_connection", _create_connection),
        _only_errors_logged(),
        warnings.catch_warnings(),
    ):
        # A host without power closes nothing; the oracles check that all others do.
        warnings.filterwarnings("ignore", "Unclosed", ResourceWarning)
        yield
    # aiohttp's cache would keep the applications of an ended universe, and so the universe.
    aiohttp.web_app._cached_build_middleware.cache_clear()


@contextlib.contextmanager
def _only_errors_logged() -> Iterator[None]:
    """Log errors only, and do not propagate them; `worlds.listening` collects them."""
    log = logging.getLogger("omnimsg")
    level, propagate = log.level, log.propagate
    log.setLevel(logging.ERROR)
    log.propagate = False
    try:
        yield
    finally:
        log.setLevel(level)
        log.propagate = propagate


def _ignore(*_: object, **__: object) -> None:
    """Do nothing."""


async def _inline(
    work: Callable[..., Any],
    *args: Any,
    abandon_on_cancel: bool = False,
    cancellable: bool | None = None,
    limiter: object = None,
) -> Any:
    """Run a thread's work in a later iteration of the loop."""
    del abandon_on_cancel, cancellable, limiter
    await asyncio.sleep(0)
    return work(*args)


_forget_as_it_is = simulated_network.SimNetwork._forget
_release_as_it_is = simulated_network.SimNetwork._release


def _forget(network: Any, transport: Any) -> None:
    """Forget a closed connection, but keep the data that it holds back while the network is cut."""
    _forget_as_it_is(network, transport)
    has_power = transport.owner is None or not transport.owner.crashed
    if transport._held and has_power:
        network.__dict__.setdefault("closed_with_held", []).append(transport)


def _release(network: Any) -> None:
    """Release the data that were held back, in order, also those of closed connections."""
    _release_as_it_is(network)
    for transport in network.__dict__.pop("closed_with_held", ()):
        peer = transport._peer
        names = [_name_of(transport), _name_of(peer)]
        for item in transport._held:
            arrival = network._loop.time() + network._draw_delay(*names)
            peer._last_arrival = max(arrival, peer._last_arrival)
            peer._pending.append(item)
            network._loop.call_at(peer._last_arrival, peer._arrive, context=peer._host_ctx)


def _name_of(transport: Any) -> str:
    return simulated_network.WORLD if transport.owner is None else str(transport.owner.name)


# Seconds between two retransmissions of unacknowledged data.
_AGAIN_AFTER = 1.0

# By socket: the seconds after which keepalive probes detect a vanished peer.
_signs_of_life: dict[int, float | None] = {}

_connect_as_it_is = simulated_network.SimNetwork.sock_connect
_create_connection_as_it_is = simulated_network.SimNetwork.create_connection


async def _connect(network: Any, sock: socket.socket, address: Any) -> None:
    """Connect a socket, and remember its keepalive options."""
    asks = sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    tcp = socket.IPPROTO_TCP
    idle = sock.getsockopt(tcp, socket.TCP_KEEPIDLE)
    idle += sock.getsockopt(tcp, socket.TCP_KEEPINTVL) * sock.getsockopt(tcp, socket.TCP_KEEPCNT)
    await _connect_as_it_is(network, sock, address)
    _signs_of_life[id(sock)] = float(idle) if asks else None


async def _create_connection(network: Any, *args: Any, sock: Any = None, **kwargs: Any) -> Any:
    """Create a connection that has the keepalive options of its socket."""
    seconds = _signs_of_life.pop(id(sock), None)
    made = await _create_connection_as_it_is(network, *args, sock=sock, **kwargs)
    made[0].vanished_after = seconds
    return made


def owner_of(handle: Any) -> object:
    """Return the object whose method a scheduled callback is."""
    return getattr(handle._callback, "__self__", None)


def end_timers(host: Any) -> None:
    """Cancel all timers and callbacks of a host whose power is cut."""
    loop: Any = asyncio.get_running_loop()
    for handle in (*(each for _, _, each in loop._scheduled), *loop._ready):
        is_own = handle._context.get(simulated_network.current_host, None) is host
        if is_own and not isinstance(owner_of(handle), asyncio.Task):
            handle.cancel()


def _abort(transport: Any) -> None:
    """Drop a connection at once, and let its peer receive a reset after the data in flight."""
    if transport._closed:
        return
    loop, peer = transport._loop, transport._peer
    transport._closing = True
    loop.call_soon(transport._finalize, context=transport._host_ctx)
    names = [_name_of(transport), _name_of(peer)]
    if peer._closed:
        return
    if transport._network._is_blocked(*names):
        _leave_alone(peer)
        return
    delay = transport._network._draw_delay(*names)
    peer._last_arrival = max(loop.time() + delay, peer._last_arrival)
    loop.call_at(peer._last_arrival, peer._reset_by_peer, context=peer._host_ctx)


def _vanish(transport: Any) -> None:
    """End a connection of a host without power, without telling its peer."""
    transport._closing = transport._closed = True
    transport._network._forget(transport)
    peer = transport._peer
    if peer is not None and not peer._closed:
        _leave_alone(peer)
        if transport._pending or peer._held:
            _knock(peer)  # unacknowledged data are sent again


def _leave_alone(transport: Any) -> None:
    """Mark a connection whose peer has vanished; only keepalive probes can end it."""
    transport.is_alone = True
    if seconds := getattr(transport, "vanished_after", None):
        transport._loop.call_later(seconds, transport._reset_by_peer, context=transport._host_ctx)


_send_as_it_is = simulated_network.SimTransport._send


def _send(transport: Any, item: object) -> None:
    """Send data, or retransmit them if the peer has vanished."""
    if getattr(transport, "is_alone", False):
        _knock(transport)
    else:
        _send_as_it_is(transport, item)


def _knock(transport: Any) -> None:
    """Retransmit until the host is up again, which then resets the unknown connection."""
    if transport._closed:
        return
    loop, context, peer = transport._loop, transport._host_ctx, transport._peer
    names = [_name_of(transport), _name_of(peer)]
    has_power = peer.owner is None or not peer.owner.crashed
    if has_power and not transport._network._is_blocked(*names):
        round_trip = 2 * transport._network._draw_delay(*names)
        loop.call_later(round_trip, transport._reset_by_peer, context=context)
    else:
        loop.call_later(_AGAIN_AFTER, _knock, transport, context=context)
