"""Idempotency: a message that is handed over again by its caller's reference is not sent twice."""
