"""The operations of a provider other than sending."""

from enum import StrEnum


class Operation(StrEnum):
    """An operation other than sending; each is a method of `Adapter`.

    Only the engine uses `FIND`; the others are methods of `Client` too.
    """

    STATUS = "status"
    FIND = "find"
    CANCEL = "cancel"
    UPLOAD = "upload"
    DOWNLOAD = "download"
    MEDIA_INFO = "media_info"
    BALANCE = "balance"
    HISTORY = "history"
    INTERACTIONS = "interactions"
    MARK_READ = "mark_read"
