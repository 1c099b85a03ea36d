"""Hypothesis strategies: requests that anyone may send to a receiver, and genuine callbacks."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

import attrs
import orjson
from bird import callbacks as bird
from clickatell import callbacks as clickatell
from hypothesis import strategies as st
from messente import callbacks as messente
from support.genuine_callbacks import (
    HOST,
    PASSWORD,
    PUBLIC_URL,
    SHARED_SECRET,
    SIGNING_KEY,
    samples,
)
from support.strategies import json_values

from omnimsg.delivery.request import CallbackRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hypothesis.strategies import DrawFn, SearchStrategy
    from support.genuine_callbacks import Sample

Line = tuple[bytes, bytes]

NAMES = st.sampled_from(
    (
        *(b"authorization", b"content-length", b"content-type", b"host", b"transfer-encoding"),
        *(b"messagebird-signature", b"messagebird-request-timestamp", b"x-messente-signature"),
        *(b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-for", b"forwarded"),
    )
)
VALUES = st.binary(max_size=80) | st.sampled_from(
    (
        *(b"0", b"-1", b"9" * 400, b"1e9", b"\xb2", b"Basic", b"Basic ", b"Basic !!!!"),
        *(b"https", HOST.encode(), b"evil.example/x", b"127.0.0.1", b"0" * 64, b"A" * 44),
    )
)
SEGMENTS = st.sampled_from(
    (
        *("bird", "clickatell", "messente", "callbacks", "", ".", "..", "%2F", "b%69rd", "\xff"),
        *(clickatell.SECRET, clickatell.SECRET[:-1], clickatell.SECRET + "=", "x" * 2000),
    )
) | st.text(max_size=20)
# The largest body that the tests' receivers accept, bytes.
BODY_LIMIT = 1000
PEERS = st.sampled_from((None, "", "127.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1%eth0", "x"))
BODIES = st.binary(max_size=200) | st.recursive(
    json_values(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
).map(orjson.dumps)


@cache
def known() -> tuple[Sample, ...]:
    """Return genuine callbacks, signed at the first call."""
    return tuple(samples())


def requests() -> SearchStrategy[CallbackRequest]:
    """Return arbitrary requests."""
    return st.builds(
        _request,
        method=st.sampled_from(("POST", "POST", "POST", "GET", "PUT", "HEAD", "OPTIONS", "")),
        path=st.lists(SEGMENTS, max_size=5).map("/".join),
        query=st.text(max_size=30) | st.just("omnimsg_token=t"),
        headers=st.lists(st.tuples(NAMES | st.binary(max_size=20), VALUES), max_size=6).map(tuple),
        peer=PEERS,
        body=BODIES,
    )


@st.composite
def forgeries(draw: DrawFn) -> CallbackRequest:
    """Return a genuine callback of a provider that signs, with one change."""
    sample = draw(st.sampled_from([each for each in known() if "clickatell" not in each.name]))
    path, _, query = f"/callbacks{sample.target}".partition("?")
    lines = list(sample.headers)
    body = sample.body
    where = draw(st.sampled_from(("body", "header", "key", "drop", "double")))
    index = draw(st.integers(0, len(lines) - 1))
    name, value = lines[index]
    if where == "body":
        body = _changed(draw, body)
    elif where == "header":
        lines[index] = name, _changed(draw, value)
    elif where == "key":
        lines[index] = name, hmac.new(draw(st.binary()), body, sha256).hexdigest().encode()
    elif where == "drop":
        del lines[index]
    else:
        lines.append((name, draw(st.just(value) | VALUES)))
    return _request("POST", path, query, tuple(lines), "127.0.0.1", body)


@st.composite
def genuine(draw: DrawFn) -> CallbackRequest:
    """Return arbitrary content with a valid signature; for Clickatell, with the secrets.

    No body is larger than `BODY_LIMIT`.
    """
    bodies = BODIES | st.sampled_from(known()).map(lambda each: each.body)
    body = draw(bodies.filter(lambda each: len(each) <= BODY_LIMIT))
    account = draw(st.sampled_from(("bird", "clickatell", "messente")))
    path = f"/callbacks/{account}"
    headers: tuple[Line, ...]
    if account == "bird":
        called = bird.signed(
            body, None, SIGNING_KEY, datetime.now(UTC), url=f"{PUBLIC_URL}/{account}"
        )
        headers = called.headers
    elif account == "messente":
        keys = PASSWORD if b'"msg_id"' not in body else SHARED_SECRET
        headers = messente.signed(body, keys).headers
    else:
        path = f"{path}/{clickatell.SECRET}"
        login = base64.b64encode(clickatell.LOGIN.encode())
        headers = ((b"authorization", b"Basic " + login),)
    return _request("POST", path, "", tuple(headers), None, body)


def _changed(draw: DrawFn, given: bytes) -> bytes:
    """Return the bytes with a change other than upper and lower case."""
    index = draw(st.integers(0, len(given) - 1))
    other = draw(
        st.integers(0, 255).filter(
            lambda each: bytes([each]).lower() != given[index : index + 1].lower()
        )
    )
    changed = given[:index] + bytes([other]) + given[index + 1 :]
    return draw(st.sampled_from((changed, given[:index], given + b"0")))


def _request(
    method: str, path: str, query: str, headers: tuple[Line, ...], peer: str | None, body: bytes
) -> CallbackRequest:
    async def read() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 64):
            yield body[start : start + 64]

    return CallbackRequest(
        method=method, path=path, query=query, headers=headers, peer=peer, body=read
    )


def repeated(asked: CallbackRequest) -> CallbackRequest:
    """Return a copy of the request."""
    return attrs.evolve(asked)
