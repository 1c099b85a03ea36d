"""Callbacks of the Omnichannel API: whether one is genuine, and the event in it."""
