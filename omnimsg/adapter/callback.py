"""A callback: an HTTP request from a provider to us, and the result of its verification.

The receiver builds it from the bytes on the wire. An adapter verifies these raw bytes: a body that
was decoded and encoded again has another signature.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl

import attrs

from omnimsg.adapter.tolerant_json import read_tolerantly
from omnimsg.domain.quick import quick, usually
from omnimsg.domain.redaction import hidden
from omnimsg.json_codec import JSONDecodeError, loads

if TYPE_CHECKING:
    from collections.abc import Iterable

# The deepest callback in any provider's documents has 9 levels.
MAX_DEPTH = 64
# A JSON string, also an unterminated one, or a bracket. The quantifier is possessive: with
# backtracking, a body of quotes would be read again from each of them.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{\]}]', re.DOTALL)

_DEPTH_CHANGES = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}


class Authenticity(StrEnum):
    """Whether a callback comes from the provider; everything but `GENUINE` is refused."""

    GENUINE = "genuine"
    NO_SECRET = "no_secret"  # noqa: S105 - the account has no secret to verify with
    UNSIGNED = "unsigned"
    WRONG_SIGNATURE = "wrong_signature"
    TOO_OLD = "too_old"
    FROM_THE_FUTURE = "from_the_future"


def _to_headers(lines: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(lines)


def header_value(lines: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """Return the value of the header line with a name, without the space around it.

    `None` if no line or several lines have the name: with several, the line that is verified need
    not be the line that is read.

    Args:
        lines: The header lines; their names may have any case.
        name: The name in lower case.
    """
    size = len(name)  # most names have another length, which costs less to see than their case
    found = None
    for each, value in lines:
        if len(each) == size and each.lower() == name:
            if found is not None:
                return None
            found = value.strip()
    return found


@quick
@attrs.frozen(kw_only=True, weakref_slot=False)
class Callback:
    """One HTTP request of a provider.

    Attributes:
        body: The raw body.
        headers: The header lines, in order, as they came.
        url: The URL that the provider called: the configured public one, with the query. Behind a
            proxy the server sees another URL, with which a signature over the URL fails.
        path_secret: The rest of the URL's path after the account's own path, still percent-encoded;
            `None` if there is none. It replaces the signature of a provider that signs nothing.
    """

    make: ClassVar[Callable[..., Callback]]

    body: bytes = attrs.field(repr=hidden)
    headers: tuple[tuple[bytes, bytes], ...] = attrs.field(
        default=(), converter=_to_headers, repr=False
    )
    url: str = attrs.field(default="", repr=False)
    path_secret: bytes | None = attrs.field(default=None, repr=False)
    # The document that `json` has decoded: some adapters read it in `verify` and in `parse`.
    _json_cache: list[Any] = attrs.field(
        default=attrs.Factory(lambda _: [], takes_self=True),
        init=False,
        eq=False,
        repr=False,
        metadata=usually("[]"),
    )

    def header(self, name: str) -> bytes | None:
        """Return the value of a header line, without the space around it.

        `None` if no line or several lines have the name.
        """
        return header_value(self.headers, name.lower().encode())

    def query(self, name: str) -> str | None:
        """Return a query parameter of the URL; `None` if there is none or several.

        Args:
            name: Its name, of characters that need no escaping in a URL.
        """
        if name not in self.url:  # the usual case, at a tenth of the cost
            return None
        query = self.url.partition("#")[0].partition("?")[2]
        if "%" in query or "+" in query:
            try:
                pairs = parse_qsl(query, keep_blank_values=True)
            except ValueError:
                return None
        else:  # the parameters that omnimsg itself adds to a URL need no escaping
            pairs = [each.partition("=")[::2] for each in query.split("&")]
        found = [value for key, value in pairs if key == name]
        return found[0] if len(found) == 1 else None

    def json(self) -> Any:  # noqa: ANN401 - JSON data
        """Return the decoded body; `None` if it is not JSON or is nested too deeply.

        Never raises; `why_unread` says which of the two it is. A lone surrogate, or a byte that is
        not UTF-8, becomes U+FFFD, as in `Response.json`. Every call returns the same document.
        """
        if not self._json_cache:
            try:
                document = loads(self.body)
            except JSONDecodeError:
                document = read_tolerantly(self.body)
            self._json_cache.append(None if self.is_too_deep(document) else document)
        return self._json_cache[0]

    def why_unread(self) -> str:
        """Return why `json` gives `None`, for an `UnparsedEvent`.

        Returns:
            "nested too deeply" where more than 64 brackets are open at once; else "no JSON
            document".
        """
        depth = deepest = 0
        for token in _STRING_OR_BRACKET.finditer(self.body):
            depth += _DEPTH_CHANGES.get(token[0], 0)
            deepest = max(deepest, depth)
        return "nested too deeply" if deepest > MAX_DEPTH else "no JSON document"

    def is_too_deep(self, document: object) -> bool:
        """Return whether a document is nested deeper than any callback of a provider.

        Code that stores or prints such a document would recurse once for each level.
        """
        # So few brackets cannot nest deeper, and counting them is a hundred times faster.
        if len(self.body) - len(self.body.translate(None, b"[{")) <= MAX_DEPTH:
            return False
        level: list[object] = [document]
        for _ in range(MAX_DEPTH):
            level = [
                inner
                for each in level
                if isinstance(each, (dict, list))
                for inner in (each.values() if isinstance(each, dict) else each)
            ]
            if not level:
                return False
        return any(isinstance(each, (dict, list)) for each in level)
