"""The conformance suite for adapters: its checks, and what they are made of."""
