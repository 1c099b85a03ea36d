"""Callbacks of the Omnichannel API: verify them, and read their event."""
