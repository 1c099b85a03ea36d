"""The receiving half of a client: callbacks, tracked messages, doubtful sends, opt-outs."""
