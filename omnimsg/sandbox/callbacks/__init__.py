"""Callbacks of the sandbox: signed, sent and repeated as each provider does it."""
