"""Clickatell One API: SMS and WhatsApp through https://platform.clickatell.com."""

from omnimsg_clickatell.adapter import ClickatellAdapter, ClickatellSettings

__all__ = ["ClickatellAdapter", "ClickatellSettings"]
