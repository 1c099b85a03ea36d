"""Callbacks of the Notifications API: verify them, and read their events."""
