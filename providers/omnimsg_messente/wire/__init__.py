"""Messente's JSON: `encode` writes requests, `decode` reads answers."""
