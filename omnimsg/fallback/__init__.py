"""Fallback legs that omnimsg runs itself: when each is sent, and what became of it."""
