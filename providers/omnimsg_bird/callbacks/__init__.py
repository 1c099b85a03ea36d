"""Callbacks of the Notifications API: whether one is genuine, and the events in it."""
