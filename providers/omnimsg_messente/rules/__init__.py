"""Checks beyond the capabilities: what Messente would refuse, channel by channel.

Sources: the Omnichannel API reference and its OpenAPI document; for Viber's 1000 characters and "no
channel twice" the older hand-written reference.
"""

from omnimsg_messente.rules.message import PROTECTED_IN_LEG, check

__all__ = ["PROTECTED_IN_LEG", "check"]
