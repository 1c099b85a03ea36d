"""Checks beyond the capabilities: content that Messente would refuse, by channel.

Sources: the Omnichannel API reference and its OpenAPI document; for Viber's 1000 characters and "no
channel twice" the older hand-written reference.
"""

from omnimsg_messente.rules.message import PROTECTED_IN_LEG, check

__all__ = ["PROTECTED_IN_LEG", "check"]
