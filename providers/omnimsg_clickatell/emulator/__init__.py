"""Clickatell's One API for the sandbox, read from Clickatell's documents alone.

Where the documents are silent, the emulator gives the most careful of the documented answers, and
a comment says so.
"""

from omnimsg_clickatell.emulator.service import ClickatellEmulator

__all__ = ["ClickatellEmulator"]
