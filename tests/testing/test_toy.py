"""The conformance suite passes for a correct adapter."""

from support.toy import ToyConformance


class TestToy(ToyConformance):
    """The suite for Toy."""
