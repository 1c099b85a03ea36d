"""An adapter for Toy, a provider that does not exist, and the answers of its API.

Toy answers a batch with results in any order, identified by the caller's key. Its history has three
pages. A file is uploaded in two steps, the second to another host without credentials.
"""

from support.toy.adapter import ToyAdapter
from support.toy.base import ToySettings
from support.toy.conformance import ToyConformance
from support.toy.tables import CAPABILITIES, CODES, STATUSES
from support.toy.two_step import TwoStepToyAdapter, TwoStepToyConformance

__all__ = [
    "CAPABILITIES",
    "CODES",
    "STATUSES",
    "ToyAdapter",
    "ToyConformance",
    "ToySettings",
    "TwoStepToyAdapter",
    "TwoStepToyConformance",
]
