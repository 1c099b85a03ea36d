"""Durable files: an append-only log with group commit, and a lock on an open file."""
