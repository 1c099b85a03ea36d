"""A lock on an open file, held by one process at a time and let go when that process ends."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt

    # Windows keeps others from reading what is locked: a byte that no file will ever have.
    _FAR = 2**62

    def lock(descriptor: int) -> None:
        """Lock a file.

        Raises:
            BlockingIOError: Another process has locked it.
        """
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from None
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def lock(descriptor: int) -> None:
        """Lock a file.

        Raises:
            BlockingIOError: Another process has locked it.
        """
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
