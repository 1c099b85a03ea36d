"""Bird's Channels API: SMS, WhatsApp and e-mail, one message a request or batches of them."""

from omnimsg_bird.adapter import BirdAdapter
from omnimsg_bird.settings import BirdSettings

__all__ = ["BirdAdapter", "BirdSettings"]
