"""An emulator of Bird's Channels API, written from Bird's documents alone."""

from omnimsg_bird.emulator.service import ACCESS_KEY, CHANNELS, WORKSPACE, BirdEmulator

__all__ = ["ACCESS_KEY", "CHANNELS", "WORKSPACE", "BirdEmulator"]
