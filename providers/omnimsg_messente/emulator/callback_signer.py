"""Sign callbacks as Messente does.

Sources: API setup, Security: `X-Messente-Signature` is the HMAC-SHA256 of the raw body, in
hexadecimal digits; its key is the password of the API key that sent the message, and for inbound
messages the Shared Secret of the number. Delivery report: an answer from 200 to 399 is success.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self

import attrs

from omnimsg.sandbox import JSON_TYPE, CallbackDraft, CallbackSigner, SignedCallback

INBOUND_SECRET: Final = "sandbox-inbound-secret"  # noqa: S105 - opens nothing but the sandbox

_HEADER: Final = "X-Messente-Signature"


class MessenteSigner(CallbackSigner):
    """Signs the body.

    Args:
        password: The key of delivery reports.
        inbound_secret: The key of inbound messages; None if no number has one.
    """

    provider: ClassVar[str] = "messente"

    def __init__(self, password: str, inbound_secret: str | None = INBOUND_SECRET) -> None:
        self._password = password
        self._inbound_secret = inbound_secret

    @classmethod
    def of_account(cls, settings: Mapping[str, Any]) -> Self:
        """Return the signer with `password` and `inbound_secrets`."""
        secrets = settings.get("inbound_secrets")
        return cls(settings["password"], secrets[0] if secrets else None)

    def sign(self, draft: CallbackDraft, url: str, at: float) -> SignedCallback:
        """Return the signed request; neither the URL nor a time is signed."""
        del at
        key = self._inbound_secret if draft.is_inbound else self._password
        if key is None:
            raise ValueError("has no inbound_secrets, one of which signs inbound messages")
        signature = hmac.new(key.encode(), draft.body, hashlib.sha256).hexdigest()
        return SignedCallback(url=url, headers={**JSON_TYPE, _HEADER: signature}, body=draft.body)

    def spoil(self, signed: SignedCallback) -> SignedCallback:
        """Return the request with the digits of its signature reversed."""
        headers = {**signed.headers, _HEADER: signed.headers[_HEADER][::-1]}
        return attrs.evolve(signed, headers=headers)

    def succeeds(self, status: int) -> bool:
        """Return whether an answer is a success; a redirect is one."""
        return 200 <= status < 400
