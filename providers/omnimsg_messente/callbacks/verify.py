"""Verify the signature of Messente's callbacks.

Source: API setup, Security: `X-Messente-Signature` is the HMAC-SHA256 of the body, in hexadecimal
digits. The key of a delivery report is the password of the API key that sent the message; that of
an inbound message is the Shared Secret of the inbound number. Neither the URL nor a time is signed:
a replayed callback stays genuine, and only its event key shows that it is a repetition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnimsg.adapter import Authenticity
from omnimsg.adapter.signatures import is_hex_hmac, key_bytes
from omnimsg_messente.callbacks.parse import is_inbound, is_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Callback
    from omnimsg.domain.secret import Secret

HEADER = "x-messente-signature"


def problem(
    password: Secret, passwords: Sequence[Secret], shared_secrets: Sequence[Secret]
) -> str | None:
    """Return which of the secrets is empty; `None` if none is.

    Args:
        password: The account's password.
        passwords: Further passwords that sign reports.
        shared_secrets: The Shared Secrets of the inbound numbers; without one only reports are
            accepted.
    """
    if not password:
        return "has an empty `password`, which signs its reports"
    for name, secrets in (("callback_passwords", passwords), ("inbound_secrets", shared_secrets)):
        if not all(secrets):
            return f"has an empty secret in `{name}`"
    return None


def verify(
    callback: Callback, passwords: Sequence[Secret], shared_secrets: Sequence[Secret]
) -> Authenticity:
    """Compare the signature with that of each key, then check that the key fits the callback.

    A report that is signed with a number's Shared Secret is refused: its holder could otherwise
    forge the status of messages.
    """
    password_keys, inbound_keys = key_bytes(passwords), key_bytes(shared_secrets)
    given = callback.header(HEADER)
    if not given:
        return Authenticity.UNSIGNED
    by_password = is_hex_hmac(given, password_keys, callback.body)
    by_shared_secret = is_hex_hmac(given, inbound_keys, callback.body)
    if by_password or by_shared_secret:
        document = callback.json()
        fits = by_password if is_report(document) else by_shared_secret
        if fits or not (is_report(document) or is_inbound(document)):
            return Authenticity.GENUINE
    # Only a hint for the log, because the body is not verified.
    is_secret_missing = not (inbound_keys if b'"msg_id"' in callback.body else password_keys)
    return Authenticity.NO_SECRET if is_secret_missing else Authenticity.WRONG_SIGNATURE
