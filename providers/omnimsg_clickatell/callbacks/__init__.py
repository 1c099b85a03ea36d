"""Callbacks of the One API: verify them, and read their events."""
