"""The conformance suite passes for correct adapters, with one request or several per send."""

from support.toy import ToyConformance, TwoStepToyConformance


class TestToy(ToyConformance):
    """The suite passes for Toy."""


class TestTwoStepToy(TwoStepToyConformance):
    """The suite passes for a Toy whose send takes three requests."""
