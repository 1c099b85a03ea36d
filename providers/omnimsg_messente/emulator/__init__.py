"""Messente's Omnichannel API in the sandbox, read from Messente's documents alone."""

from omnimsg_messente.emulator.service import PASSWORD, USERNAME, MessenteEmulator

__all__ = ["PASSWORD", "USERNAME", "MessenteEmulator"]
