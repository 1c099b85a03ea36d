"""The conformance suite passes for correct adapters: of one request a send, and of several."""

from support.toy import ToyConformance, TwoStepToyConformance


class TestToy(ToyConformance):
    """The suite for Toy."""


class TestTwoStepToy(TwoStepToyConformance):
    """The suite for a Toy whose send takes three requests."""
