"""The URLs and credentials of Clickatell's callbacks, which are unsigned.

Source: One API, Client callbacks: a POST to a URL that is set for the integration; any 2xx is
success, anything else is repeated, "redirects excluded", which is read as: a redirect loses the
callback. No signature is documented. So the URL ends in a secret, and may have Basic credentials,
which Clickatell's older products document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import attrs
from aiohttp import hdrs

from omnimsg.sandbox import JSON_TYPE, CallbackSigner, SignedCallback

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from omnimsg.sandbox import CallbackDraft

CALLBACK_SECRET: Final = "sandbox-callback-secret-0"  # noqa: S105 - opens nothing but the sandbox


class ClickatellSigner(CallbackSigner):
    """Puts the secret into the path.

    Args:
        secret: The last part of the URL's path; None for a URL without a secret.
        login: The Basic credentials, as ``name:password``; None for none.
    """

    provider: ClassVar[str] = "clickatell"

    def __init__(self, secret: str | None = CALLBACK_SECRET, login: str | None = None) -> None:
        self._secret = secret
        self._headers = dict(JSON_TYPE)
        if login is not None:
            name, _, password = login.partition(":")
            self._headers[hdrs.AUTHORIZATION] = aiohttp.encode_basic_auth(name, password)

    @classmethod
    def of_account(cls, settings: Mapping[str, Any]) -> Self:
        """Return the signer with ``callback_secrets`` and ``callback_logins``."""
        secrets, logins = settings.get("callback_secrets"), settings.get("callback_logins")
        if not secrets and not logins:
            raise ValueError("has neither callback_secrets nor callback_logins")
        return cls(secrets[0] if secrets else None, logins[0] if logins else None)

    def complete(self, url: str) -> str:
        """Return a URL with the secret at the end of its path."""
        if self._secret is None:
            return url
        parts = urlsplit(url)
        return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{self._secret}"))

    def sign(self, draft: CallbackDraft, url: str, at: float) -> SignedCallback:
        """Return the request, with the Basic credentials if there are any."""
        del at
        return SignedCallback(url=url, headers=self._headers, body=draft.body)

    def spoil(self, signed: SignedCallback) -> SignedCallback:
        """Return the request with a wrong path and wrong credentials."""
        parts = urlsplit(signed.url)
        url = urlunsplit(parts._replace(path=f"{parts.path or '/'}-guessed"))
        headers = dict(signed.headers)
        if hdrs.AUTHORIZATION in headers:
            headers[hdrs.AUTHORIZATION] = aiohttp.encode_basic_auth("nobody", "guessed")
        return attrs.evolve(signed, url=url, headers=headers)

    def repeats(self, status: int) -> bool:
        """Return whether an answer is neither success nor a redirect."""
        return not 200 <= status < 400
