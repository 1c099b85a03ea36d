"""An emulator of Messente's Omnichannel API, written from Messente's documents alone."""

from omnimsg_messente.emulator.service import PASSWORD, USERNAME, MessenteEmulator

__all__ = ["PASSWORD", "USERNAME", "MessenteEmulator"]
