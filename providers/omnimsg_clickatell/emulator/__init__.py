"""An emulator of Clickatell's One API for the sandbox, written from Clickatell's documents alone.

Where the documents are silent, the emulator does the strictest thing that they allow, and a
comment says so.
"""

from omnimsg_clickatell.emulator.service import ClickatellEmulator

__all__ = ["ClickatellEmulator"]
