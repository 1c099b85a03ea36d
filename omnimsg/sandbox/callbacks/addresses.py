"""Where callbacks go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from yarl import URL

from omnimsg.sandbox.formats import FORMATS

if TYPE_CHECKING:
    from omnimsg.sandbox.callbacks.signer import CallbackSigner

# Secrets in paths have more characters than the words of one.
_SECRET_LENGTH: Final = 16


class AddressError(ValueError):
    """An address that no callback can be sent to; the text begins with its name."""


def checked_address(url: object, *, base: bool = False) -> str:
    """Return an address as it is sent, with other characters than ASCII escaped.

    Args:
        url: The address.
        base: Whether something is added to its path.

    Raises:
        AddressError: It is none.
    """
    if not isinstance(url, str) or not FORMATS["HTTP URL"](url):
        raise AddressError("url: must be an HTTP URL")
    try:
        parsed = URL(url)
    except ValueError:
        raise AddressError("url: must be an HTTP URL") from None
    if parsed.user is not None or parsed.password is not None:
        raise AddressError("url: must hold no credentials")
    if base and (parsed.raw_query_string or parsed.raw_fragment):
        raise AddressError("url: a base address has no query, because a path is added to it")
    return str(parsed.with_fragment(None))


def _as_sent(url: str) -> str:
    """Return an address with escapes; one that is none fails when it is called."""
    try:
        return str(URL(url).with_fragment(None))
    except ValueError:
        return url


def masked_address(url: str) -> str:
    """Return an address without what may be a secret: long parts of the path, query values."""
    parts = urlsplit(url)
    path = "/".join(
        "***" if len(segment) >= _SECRET_LENGTH else segment for segment in parts.path.split("/")
    )
    query = "&".join(
        f"{quote(name)}=***" for name, _ in parse_qsl(parts.query, keep_blank_values=True)
    )
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


class Addresses:
    """The base address of all providers, and the addresses of single ones.

    Without either of them for a provider, nothing is sent for it: not even to an address that a
    message itself names.
    """

    def __init__(self) -> None:
        self._base: str | None = None
        self._own: dict[str, str] = {}

    def set(self, url: object, provider: str | None = None) -> None:
        """Set the base address, or the whole address of one provider.

        Raises:
            AddressError: It is none.
        """
        if provider is None:
            self._base = checked_address(url, base=True)
        else:
            self._own[provider] = checked_address(url)

    def clear(self) -> None:
        """Forget all addresses."""
        self._base = None
        self._own.clear()

    def __bool__(self) -> bool:
        return self._base is not None or bool(self._own)

    def of(self, signer: CallbackSigner, named: str | None = None) -> str | None:
        """Return the address of a callback, None if the provider's are switched off.

        Args:
            signer: The provider's.
            named: The address that the message itself names, which goes before the others.
        """
        own = self._own.get(signer.provider)
        if own is None and self._base is None:
            return None
        if named is not None:
            return _as_sent(named)
        return own if self._base is None or own is not None else signer.address(self._base)

    def as_json(self) -> dict[str, str | None]:
        """Return the addresses that were set, without their secrets; ``url`` is the base."""
        base = None if self._base is None else masked_address(self._base)
        own = {provider: masked_address(url) for provider, url in sorted(self._own.items())}
        return {"url": base, **own}
