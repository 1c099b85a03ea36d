"""Messente's Omnichannel API: SMS, Viber, WhatsApp and RCS, with fallback between them."""

from omnimsg_messente.adapter import MessenteAdapter, MessenteSettings

__all__ = ["MessenteAdapter", "MessenteSettings"]
