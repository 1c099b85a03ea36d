"""Bird's Channels API: SMS, WhatsApp and e-mail, one message a request."""

from omnimsg_bird.adapter import BirdAdapter, BirdSettings

__all__ = ["BirdAdapter", "BirdSettings"]
