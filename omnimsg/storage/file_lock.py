"""An exclusive lock on an open file; the operating system releases it when the process ends."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt

    # On Windows, other processes cannot read locked bytes: lock one beyond the end of any file.
    _LOCKED_BYTE = 2**62

    def lock_file(descriptor: int) -> None:
        """Lock an open file for this process, without waiting.

        The lock ends when the descriptor is closed or the process ends, even if it is killed.

        Raises:
            BlockingIOError: Another process holds the lock.
        """
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(*error.args) from None
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def lock_file(descriptor: int) -> None:
        """Lock an open file for this process, without waiting.

        The lock ends when the descriptor is closed or the process ends, even if it is killed.

        Raises:
            BlockingIOError: Another process holds the lock.
        """
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
