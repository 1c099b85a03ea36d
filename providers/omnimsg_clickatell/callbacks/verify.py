"""Verify Clickatell's callbacks, which are unsigned, by secrets in the URL or Basic credentials.

Clickatell calls a URL that is set for the integration, with HTTPS only, and documents no signature
(One API, Client callbacks). So the URL has a secret in its path, or Basic credentials, or both.
Anybody who learns the secret can send anything, and proxies on the way log a secret in a path: a
firewall's allow-list is a good addition.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from omnimsg.adapter import Authenticity
from omnimsg.adapter.signatures import is_any, is_basic_login, key_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omnimsg.adapter import Callback
    from omnimsg.domain.secret import Secret

# At least 128 bits in base64. Other characters would be escaped in the URL.
_PATH = re.compile(r"[A-Za-z0-9_.~-]{22,}")
_LOGIN = re.compile(r"[^:]+:.{16,}")


def problem(paths: Sequence[Secret], logins: Sequence[Secret]) -> str | None:
    """Return what is wrong with the secrets; `None` if they can be used."""
    if not paths and not logins:
        return (
            "needs `callback_secrets` or `callback_logins`: Clickatell signs nothing, so without a"
            " secret anybody could report anything"
        )
    if not all(_PATH.fullmatch(each.reveal()) for each in paths):
        return (
            "has a `callback_secrets` that is no path of 22 or more letters, digits, '-', '_', '.'"
            " or '~'; `python -c 'import secrets; print(secrets.token_urlsafe())'` makes one"
        )
    if not all(_LOGIN.fullmatch(each.reveal()) for each in logins):
        return (
            "has a `callback_logins` that is no 'name:password' with a password of 16 or more"
            " characters"
        )
    return None


def verify(callback: Callback, paths: Sequence[Secret], logins: Sequence[Secret]) -> Authenticity:
    """Compare the path and the Basic credentials; if both are configured, both must match.

    Args:
        callback: The callback.
        paths: The secrets of the path, in which `problem` found nothing wrong.
        logins: The Basic credentials, as `name:password`, checked like the secrets.
    """
    if not paths and not logins:
        return Authenticity.NO_SECRET
    path = callback.path_secret or b""
    line = callback.header("authorization") or b""
    matches = [
        is_any(path, key_bytes(paths)) or not paths,
        is_basic_login(line, key_bytes(logins)) or not logins,
    ]
    if all(matches):
        return Authenticity.GENUINE
    is_bare = (not paths or not path) and (not logins or not line)
    return Authenticity.UNSIGNED if is_bare else Authenticity.WRONG_SIGNATURE
