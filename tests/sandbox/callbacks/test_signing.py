"""The signers, against independent vectors and formulas."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnimsg.sandbox import CallbackDraft
from omnimsg_bird.emulator.callback_signer import BirdSigner
from omnimsg_clickatell.emulator.callback_signer import ClickatellSigner
from omnimsg_messente.emulator.callback_signer import MessenteSigner

if TYPE_CHECKING:
    from omnimsg.sandbox import CallbackSigner

SECRETS: dict[str, dict[str, Any]] = {
    "clickatell": {"callback_secrets": ("one", "two"), "callback_logins": ("a:b",)},
    "messente": {"password": "pass", "inbound_secrets": ("shared",)},
    "bird": {"signing_keys": ("first", "second")},
}
SIGNERS: dict[str, type[CallbackSigner]] = {
    "clickatell": ClickatellSigner,
    "messente": MessenteSigner,
    "bird": BirdSigner,
}


def draft(body: bytes, kind: str = "status.x") -> CallbackDraft:
    """Return a callback with a body."""
    return CallbackDraft(kind=kind, id="1", about="1", body=body)


def test_a_vector_of_messente() -> None:
    """Messente's signature matches a vector made with OpenSSL from the documented formula.

    Messente's page on security publishes no vector.
    """
    body = (
        b'{"status":"DELIVRD","err":0,'
        b'"message_id":"0b0f2c1e-6b3a-4d0e-9a51-6f5a1d2c3b4a","channel":"sms"}'
    )

    signed = MessenteSigner("local-api-password").sign(draft(body), "http://a.test", 0)

    assert (
        "d0dc0fbd9bb0730dd990e65517ea4c57368c9ab21870957a52f263c3048ca1ab"
        == signed.headers["X-Messente-Signature"]
    )


def test_a_vector_of_bird() -> None:
    """Bird's signature matches a vector made with OpenSSL from the documented formula.

    Bird's page on verifying publishes no vector. This one differs if the digest is in
    hexadecimal digits or the body in Latin-1.
    """
    body = (
        '{"service":"channels","event":"sms.outbound","payload":'
        '{"id":"3d0a4b6e-6f0e-4f0c-9d0e-2b7f1c9a5e11","status":"delivered","reason":"żółć"}}'
    )

    signed = BirdSigner("omnimsg-test-signing-key").sign(
        draft(body.encode()), "https://hooks.example.test/bird?x=1", 1767225600.9
    )

    assert "KzLnm9EJbvijuVPnyLHJ0OHOa/vS2lfCB0F7TVbfe/E=" == signed.headers["messagebird-signature"]
    assert "1767225600" == signed.headers["messagebird-request-timestamp"]


@given(st.binary(), st.text(min_size=1))
def test_messente_signs_the_bytes(body: bytes, password: str) -> None:
    """Messente's signature is the HMAC of any body's bytes with any password."""
    key = password.encode("utf-8", "replace")
    signer = MessenteSigner(key.decode())

    signature = signer.sign(draft(body), "http://a.test", 0).headers["X-Messente-Signature"]

    assert hmac.new(key, body, hashlib.sha256).hexdigest() == signature


def test_messente_signs_inbound_messages_with_another_key() -> None:
    """Messente's inbound messages are signed with the Shared Secret, not the password."""
    signer = MessenteSigner("password", "shared")

    signature = signer.sign(draft(b"{}", "inbound.text"), "", 0).headers["X-Messente-Signature"]

    assert hmac.new(b"shared", b"{}", hashlib.sha256).hexdigest() == signature


@pytest.mark.parametrize(
    ("secret", "login", "url", "authorization"),
    [
        ("s3cret", None, "http://a.test/callbacks/clickatell/s3cret", None),
        (None, "me:pw:x", "http://a.test/callbacks/clickatell", b"me:pw:x"),
        ("s3cret", "me:pw", "http://a.test/callbacks/clickatell/s3cret", b"me:pw"),
    ],
)
def test_clickatell_has_a_path_and_a_login(
    secret: str | None, login: str | None, url: str, authorization: bytes | None
) -> None:
    """Clickatell's address ends in the secret; Basic credentials are sent if configured."""
    signer = ClickatellSigner(secret, login)

    address = signer.address("http://a.test/callbacks/")
    headers = signer.sign(draft(b"{}"), address, 0).headers

    expected = authorization and f"Basic {base64.b64encode(authorization).decode()}"
    assert (url, expected) == (address, headers.get("Authorization"))


@pytest.mark.parametrize("provider", SIGNERS)
@pytest.mark.parametrize("kind", ["status.x", "inbound.text"])
def test_a_spoilt_callback_is_not_genuine(provider: str, kind: str) -> None:
    """A spoilt callback differs only in its signature, secret or credentials."""
    signer = SIGNERS[provider].of_account(SECRETS[provider])
    signed = signer.sign(draft(b'{"a":1}', kind), signer.address("http://a.test"), 1_700_000_000)

    spoilt = signer.spoil(signed)

    differing = {
        "clickatell": {"url", "Authorization"},
        "messente": {"X-Messente-Signature"},
        "bird": {"messagebird-signature"},
    }
    headers = {
        name for name, value in spoilt.headers.items() if value != signed.headers.get(name)
    } | ({"url"} if spoilt.url != signed.url else set())
    assert differing[provider] == headers
    assert (signed.body, set(signed.headers)) == (spoilt.body, set(spoilt.headers))


@pytest.mark.parametrize(
    ("provider", "settings", "named"),
    [
        ("clickatell", {"callback_secrets": ()}, "callback_secrets"),
        ("bird", {}, "signing_keys"),
    ],
)
def test_an_account_without_a_secret(provider: str, settings: dict[str, Any], named: str) -> None:
    """An account without a required secret is an error that names the setting."""
    with pytest.raises(ValueError, match=named):
        SIGNERS[provider].of_account(settings)


def test_messente_reports_without_a_shared_secret() -> None:
    """Messente needs the Shared Secret for inbound messages, not for reports."""
    signer = MessenteSigner.of_account({"password": "p", "inbound_secrets": ()})

    signer.sign(draft(b"{}"), "", 0)

    with pytest.raises(ValueError, match="inbound_secrets"):
        signer.sign(draft(b"{}", "inbound.text"), "", 0)


@pytest.mark.parametrize(
    ("provider", "taken", "repeated"),
    [
        ("clickatell", {200, 202, 204, 299}, {400, 401, 404, 410, 429, 500, 503}),
        ("messente", {200, 204, 302, 399}, {400, 401, 404, 410, 429, 500, 503}),
        ("bird", {200, 202, 204, 299}, {301, 302, 400, 401, 404, 410, 429, 500, 503}),
    ],
)
def test_which_answers_are_success(provider: str, taken: set[int], repeated: set[int]) -> None:
    """2xx is success, for Messente 3xx too; the rest is repeated, except Clickatell's redirects."""
    signer = SIGNERS[provider].of_account(SECRETS[provider])
    statuses = {200, 202, 204, 299, 301, 302, 399, 400, 401, 404, 410, 429, 500, 503}

    assert taken == {status for status in taken if signer.succeeds(status)}
    assert not any(signer.succeeds(status) for status in repeated)
    assert repeated == {status for status in statuses & repeated if signer.repeats(status)}
    assert provider != "clickatell" or not (signer.repeats(302) or signer.succeeds(302))
