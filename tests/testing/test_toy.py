"""The conformance suite, against an adapter that keeps every promise."""

from support.toy import ToyConformance


class TestToy(ToyConformance):
    """Toy passes."""
