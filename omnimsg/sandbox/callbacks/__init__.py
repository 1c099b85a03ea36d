"""Callbacks of the sandbox: signed, sent and repeated in the way of each provider."""
