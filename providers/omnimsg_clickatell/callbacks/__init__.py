"""Callbacks of the One API: whether one is genuine, and the events in it."""
