"""Masked requests, and the curl command that repeats them."""

from __future__ import annotations

import shlex
import subprocess

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.sandbox.inbox.masking import (
    ShownBody,
    curl_command,
    kept_body,
    mask_headers,
    mask_target,
    show_body,
)

JSON = "application/json"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "sandbox-key", "***"),
        ("authorization", "Basic c2VjcmV0", "Basic ***"),
        ("X-Api-Key", "secret", "***"),
        ("Cookie", "a=b; c=d", "***"),
        ("X-Messente-Signature", "abc", "***"),
        ("Content-Type", JSON, JSON),
        ("Location", "/f?X-Amz-Signature=abc&size=1", "/f?X-Amz-Signature=***&size=1"),
    ],
)
def test_headers(name: str, value: str, shown: str) -> None:
    """A credential in a header is masked, but not its scheme."""
    assert [(name, shown)] == mask_headers([(name, value)])


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/v1/message", "/v1/message"),
        ("/v1/media?fileId=a%20b", "/v1/media?fileId=a%20b"),
        ("/v1?token=abc&x", "/v1?token=***&x"),
        ("/v1?api_key=abc&x=%3D", "/v1?api_key=***&x=%3D"),
    ],
)
def test_targets(target: str, shown: str) -> None:
    """Credentials in a query are masked; the rest of the target is unchanged."""
    assert shown == mask_target(target)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{ "to": "1",  "n": 12345678901234567890 }', '{ "to": "1",  "n": 12345678901234567890 }'),
        ('{"encryptionKey": "abc", "to": "1"}', '{"encryptionKey":"***","to":"1"}'),
        ('[{"a": {"password": "abc"}}]', '[{"a":{"password":"***"}}]'),
        ('{"identifierKey": "phonenumber"}', '{"identifierKey": "phonenumber"}'),
        ('{"password": "a\\"b", ', '{"password": "***", '),
        ("no json", "no json"),
    ],
)
def test_bodies(text: str, shown: str) -> None:
    """A body without credentials is unchanged; credentials are masked, in invalid JSON too."""
    data = text.encode()

    assert shown == show_body(JSON, data, len(data)).text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to=%2B1&text=a+%26%20b", "to=%2B1&text=a+%26%20b"),
        ("api_secret=abc&to=1&password=x%20y", "api_secret=***&to=1&password=***"),
        ("token", "token"),
    ],
)
def test_forms(text: str, shown: str) -> None:
    """Credentials in the fields of a form are masked; the rest is unchanged."""
    data = text.encode()

    assert shown == show_body("application/x-www-form-urlencoded", data, len(data)).text


@pytest.mark.parametrize(
    ("content_type", "data", "size", "shown"),
    [
        ("image/png", b"\x89PNG", 4, ShownBody(text=None, bytes=4)),
        (JSON, b"", 10, ShownBody(text=None, bytes=10)),
        (JSON, b"", 0, ShownBody(text="", bytes=0)),
        ("text/html; charset=utf-8", b"\xff<p>", 4, ShownBody(text="\ufffd<p>", bytes=4)),
        ("application/problem+json", b"{}", 2, ShownBody(text="{}", bytes=2)),
    ],
)
def test_bodies_of_other_types(content_type: str, data: bytes, size: int, shown: ShownBody) -> None:
    """A body that is not text or was not read is shown by its size only."""
    assert shown == show_body(content_type, data, size)


def test_a_large_document_is_shortened() -> None:
    """A large JSON document is kept as JSON with its long strings cut."""
    data = orjson.dumps({"content": "A" * 200_000, "caption": "Menu"})

    kept, is_cut = kept_body(data)

    assert (True, "Menu") == (is_cut, orjson.loads(kept)["caption"])
    assert len(kept) < 200


def test_what_cannot_be_shortened_is_cut() -> None:
    """A large body that is not JSON is cut at the limit."""
    kept, is_cut = kept_body(b"A" * 200_000)

    assert (64 * 1024, True) == (len(kept), is_cut)


@pytest.mark.parametrize(
    "body", [ShownBody(text=None, bytes=1), ShownBody(text="", bytes=1, is_cut=True)]
)
def test_what_is_not_known_as_a_whole_has_no_command(body: ShownBody) -> None:
    """A request whose body is not known completely has no command."""
    assert curl_command("POST", "http://127.0.0.1/", [], body) is None


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs"])))
def test_no_text_ends_an_argument(text: str) -> None:
    """A shell reads any header or body back as one argument of the command."""
    command = curl_command(
        "POST", "http://127.0.0.1/", [("A", text), ("Host", "x")], ShownBody(text=text, bytes=1)
    )

    expected = ["curl", "--request", "POST", "http://127.0.0.1/", "--header", f"A: {text}"]
    body = ["--data-raw", text] if text else []
    assert expected + body == shlex.split((command or "").replace("\\\n", ""))


@pytest.mark.parametrize("text", ["a'\x1b[31m\\b'\nc", "\x00", "\r\n'; echo no; '", "\x7f\\'"])
def test_no_control_character_reaches_a_terminal(text: str) -> None:
    """The command has no control character but line feeds, and bash reads the body from it."""
    body = ShownBody(text=text, bytes=1)
    command = curl_command("POST", "http://127.0.0.1/", [], body) or ""

    script = 'curl() { printf "%s" "${@: -1}"; }\n' + command
    done = subprocess.run(  # noqa: S603 - our own script
        ["/bin/bash", "-c", script], capture_output=True, check=True, timeout=30
    )

    assert set() == {char for char in command if char < " " and char != "\n"}
    # A program's argument ends at a zero byte.
    assert text.partition("\x00")[0].encode() == done.stdout
