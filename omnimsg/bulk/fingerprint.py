"""The fingerprint of a file of messages, and a reader that stops where the file has changed.

A file is read twice: when it is opened, to compute its fingerprint, and while its messages are
sent. Other programs may change it between the two and during the second. So the second reading
compares each block with the fingerprint before any line of the block is used.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import attrs

from omnimsg.domain.errors import OmnimsgError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK_BYTES = 256 * 1024
_BLOCK_DIGEST_BYTES = 16


class FileChangedError(OmnimsgError):
    """The file of messages is no longer the one whose fingerprint was computed."""


@attrs.frozen
class Fingerprint:
    """Identifies a file and its content, so that a changed or replaced file is detected.

    Attributes:
        sha256: The SHA-256 of the file, in hexadecimal digits.
        line_count: How many lines the file has; a last line without a line break counts.
        size: The size of the file in bytes.
        blocks: The digest of each block of 256 KiB.
        identity: The device and the inode of the file.
    """

    sha256: str
    line_count: int
    size: int
    blocks: tuple[bytes, ...] = attrs.field(default=(), repr=False, eq=False)
    identity: tuple[int, int] | None = attrs.field(default=None, repr=False, eq=False)


class Fingerprinter:
    """Computes the fingerprint of a file while its caller consumes the blocks of `read`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sha256 = hashlib.sha256()
        self._blocks: list[bytes] = []
        self._size = 0
        self._identity: tuple[int, int] | None = None

    def read(self) -> Iterator[bytes]:
        """Read the file from its start, one block at a time.

        Raises:
            OSError: The file cannot be read.
        """
        with self._path.open("rb") as file:
            self._identity = _identity(os.fstat(file.fileno()))
            while block := file.read(BLOCK_BYTES):
                self._sha256.update(block)
                self._size += len(block)
                self._blocks.append(_digest(block))
                yield block

    def result(self, line_count: int) -> Fingerprint:
        """Return the fingerprint of the blocks that `read` has yielded."""
        return Fingerprint(
            self._sha256.hexdigest(), line_count, self._size, tuple(self._blocks), self._identity
        )


def read_unchanged(path: Path, expected: Fingerprint) -> Iterator[bytes]:
    """Yield the blocks of a file, each after a comparison with the fingerprint.

    Raises:
        FileChangedError: The file was changed, replaced or deleted since its fingerprint was made.
        OSError: The file cannot be read.
    """
    index = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            if index >= len(expected.blocks) or _digest(block) != expected.blocks[index]:
                raise FileChangedError("was changed while its messages were sent")
            _check_identity(path, expected)
            yield block
            index += 1
    if index != len(expected.blocks):
        raise FileChangedError("was cut short while its messages were sent")


def _check_identity(path: Path, expected: Fingerprint) -> None:
    try:
        found = _identity(path.stat())
    except FileNotFoundError:
        raise FileChangedError("was deleted or renamed while its messages were sent") from None
    if expected.identity is not None and found != expected.identity:
        raise FileChangedError("was replaced by another file while its messages were sent")


def _digest(block: bytes) -> bytes:
    return hashlib.blake2b(block, digest_size=_BLOCK_DIGEST_BYTES).digest()


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
