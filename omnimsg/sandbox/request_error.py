"""`RequestError`: the base class of errors in what a test, a phone or the inbox page asks for."""

from __future__ import annotations


class RequestError(ValueError):
    """What is asked for is invalid or not there; the text begins with the name of the field.

    The control API answers with ``status``.
    """

    def __init__(self, text: str, *, status: int = 400) -> None:
        super().__init__(text)
        self.status = status
