"""Limits of an account: rates, circuit breakers, and how long answers take."""
