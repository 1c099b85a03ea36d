"""Adapters with one defect each, and the check of the suite that must fail for it."""
