"""Fallback legs that no provider runs: which goes when, and what became of each."""
