"""The addresses that callbacks are sent to: checked, per provider, and masked for display."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from yarl import URL

from omnimsg.sandbox.formats import FORMATS
from omnimsg.sandbox.request_error import RequestError

if TYPE_CHECKING:
    from omnimsg.sandbox.callbacks.signer import CallbackSigner

# Path segments of at least this length are masked: ordinary words in paths are shorter.
_SECRET_LENGTH: Final = 16


class AddressError(RequestError):
    """An address that no callback can be sent to; the text begins with the name of the field."""


def checked_address(url: object, *, base: bool = False, name: str = "url") -> str:
    """Return a valid address in the form that is requested, with non-ASCII characters escaped.

    Args:
        url: The address.
        base: Whether it is a base address, to whose path a segment is added.
        name: The argument or field that holds it.

    Raises:
        AddressError: The value is not an address for callbacks.
    """
    if not isinstance(url, str) or not FORMATS["HTTP URL"](url):
        raise AddressError(f"{name}: must be an HTTP URL")
    try:
        parsed = URL(url)
    except ValueError:
        raise AddressError(f"{name}: must be an HTTP URL") from None
    if parsed.user is not None or parsed.password is not None:
        raise AddressError(f"{name}: must hold no credentials")
    if base and (parsed.raw_query_string or parsed.raw_fragment):
        raise AddressError(f"{name}: a base address has no query, because a path is added to it")
    return str(parsed.with_fragment(None))


def _as_sent(url: str) -> str:
    """Return an address with escapes; an invalid one is unchanged, and fails when requested."""
    try:
        return str(URL(url).with_fragment(None))
    except ValueError:
        return url


def masked_url(url: str) -> str:
    """Return an address with possible secrets masked: long path segments and query values."""
    parts = urlsplit(url)
    path = "/".join(
        "***" if len(segment) >= _SECRET_LENGTH else segment for segment in parts.path.split("/")
    )
    query = "&".join(
        f"{quote(name)}=***" for name, _ in parse_qsl(parts.query, keep_blank_values=True)
    )
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


class Addresses:
    """The base address for all providers, and the addresses of single providers.

    Without one of these, nothing is sent for a provider, not even to an address that a message
    itself names.
    """

    def __init__(self) -> None:
        self._base: str | None = None
        self._own: dict[str, str] = {}

    def set(self, url: object, provider: str | None = None) -> None:
        """Set the base address, or the complete address of one provider.

        Raises:
            AddressError: The value is not an address for callbacks.
        """
        if provider is None:
            self._base = checked_address(url, base=True)
        else:
            self._own[provider] = checked_address(url)

    def clear(self) -> None:
        """Remove all addresses."""
        self._base = None
        self._own.clear()

    def __bool__(self) -> bool:
        return self._base is not None or bool(self._own)

    def of(self, signer: CallbackSigner, named: str | None = None) -> str | None:
        """Return the address of a callback, None if the provider's callbacks are switched off.

        Args:
            signer: The provider's signer.
            named: The address that the message itself names; takes precedence over the others.
        """
        own = self._own.get(signer.provider)
        if own is None and self._base is None:
            return None
        if named is not None:
            return _as_sent(named)
        return own if self._base is None or own is not None else signer.address(self._base)

    def as_json(self) -> dict[str, str | None]:
        """Return the addresses that were set, masked; ``url`` is the base."""
        base = None if self._base is None else masked_url(self._base)
        own = {provider: masked_url(url) for provider, url in sorted(self._own.items())}
        return {"url": base, **own}
