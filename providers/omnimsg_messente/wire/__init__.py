"""Messente's JSON, both directions."""
