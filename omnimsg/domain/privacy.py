"""Deprecated: `Secret` is in `omnimsg.domain.secret`, masking in `omnimsg.domain.redaction`."""

import warnings

from omnimsg.domain.redaction import mask_email, mask_number, mask_text
from omnimsg.domain.secret import Secret

__all__ = ["Secret", "mask_email", "mask_number", "mask_text"]

warnings.warn(
    "omnimsg.domain.privacy is deprecated: import Secret from omnimsg.domain.secret",
    DeprecationWarning,
    stacklevel=2,
)
