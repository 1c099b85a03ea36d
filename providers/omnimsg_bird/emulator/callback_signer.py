"""Sign callbacks as Bird does.

Sources: Notifications API, Verifying a webhook subscription: the signature is, in base64, the
HMAC-SHA256 of the timestamp, the full URL and the SHA-256 of the body as raw bytes, with a line
break between them. Bird's own PHP sample uses the signing key as it is written, without decoding
it. The timestamp is in Unix seconds in every implementation that was read. Webhook subscriptions:
anything but 2xx is repeated; reports of live systems say that a repetition keeps the timestamp of
the first attempt. `messagebird-request-id` identifies the request in logs.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self
from uuid import NAMESPACE_URL, uuid5

import attrs

from omnimsg.sandbox import JSON_TYPE, CallbackDraft, CallbackSigner, SignedCallback

SIGNING_KEY: Final = "sandbox-signing-key"

_SIGNATURE: Final = "messagebird-signature"


class BirdSigner(CallbackSigner):
    """Signs the time, the URL and the body.

    Args:
        signing_key: The key of the webhook subscriptions.
    """

    provider: ClassVar[str] = "bird"

    def __init__(self, signing_key: str = SIGNING_KEY) -> None:
        self._key = signing_key.encode()

    @classmethod
    def of_account(cls, settings: Mapping[str, Any]) -> Self:
        """Return the signer with `signing_keys`."""
        keys = settings.get("signing_keys")
        if not keys:
            raise ValueError("has no signing_keys")
        return cls(keys[0])

    def sign(self, draft: CallbackDraft, url: str, at: float) -> SignedCallback:
        """Return the request; a second one at the same time has the same signature."""
        timestamp = str(int(at))
        digest = hashlib.sha256(draft.body).digest()
        signed = b"\n".join((timestamp.encode(), url.encode(), digest))
        signature = base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest()).decode()
        headers = {
            **JSON_TYPE,
            _SIGNATURE: signature,
            "messagebird-request-timestamp": timestamp,
            "messagebird-request-id": str(uuid5(NAMESPACE_URL, signature)),
        }
        return SignedCallback(url=url, headers=headers, body=draft.body)

    def spoil(self, signed: SignedCallback) -> SignedCallback:
        """Return the request with the signature of another key."""
        wrong = base64.b64encode(hashlib.sha256(signed.headers[_SIGNATURE].encode()).digest())
        return attrs.evolve(signed, headers={**signed.headers, _SIGNATURE: wrong.decode()})
