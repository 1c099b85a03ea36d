"""Adapters that break one promise each, with the check of the suite that must catch them."""
