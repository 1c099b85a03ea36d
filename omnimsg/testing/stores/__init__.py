"""The conformance suite for stores of an application's own."""
