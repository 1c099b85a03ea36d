"""Adapters with one defect each, and the check of the conformance suite that must fail for it."""
