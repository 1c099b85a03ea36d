"""What comes back: callbacks, the status of each message, doubts, opt-outs."""
