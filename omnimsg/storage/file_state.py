"""The state of an open file, by which a change of another program is noticed."""

from __future__ import annotations

import hashlib
import os

_BLOCK_SIZE = 1 << 20


def file_state(descriptor: int) -> tuple[int, int, hashlib.blake2b]:
    """Return a file's size, its modification time and the digest of its content."""
    found = os.fstat(descriptor)
    return found.st_size, found.st_mtime_ns, digest_of(descriptor)


def digest_of(descriptor: int) -> hashlib.blake2b:
    """Compute the digest of a whole file."""
    digest = hashlib.blake2b()
    os.lseek(descriptor, 0, os.SEEK_SET)
    while block := os.read(descriptor, _BLOCK_SIZE):
        digest.update(block)
    return digest
