"""Reading untrusted mappings: every problem becomes one of ours."""

from __future__ import annotations

import cattrs
import pytest

from omnimsg.domain.errors import InvalidValue
from omnimsg.domain.structuring import exactly, structure


@pytest.mark.parametrize("raised", [TypeError("Quokka"), AttributeError("Quokka")])
def test_a_hook_that_trips_over_a_type(raised: Exception) -> None:
    """What a hook raises about a type is put in our words, below the given root."""

    def trip(*_: object) -> complex:
        raise raised

    converter = cattrs.Converter()
    converter.register_structure_hook(complex, trip)
    with pytest.raises(InvalidValue) as caught:
        structure(converter, complex, "x", root="accounts.main")

    assert str(caught.value) == "accounts.main: has the wrong type"


def test_a_whole_number_is_a_number() -> None:
    """A number may be written without its fraction; everything else keeps its type."""
    read = exactly(float, "a number")

    assert (1.0, float) == (read(1, None), type(read(1, None)))
    with pytest.raises(ValueError, match="must be a number"):
        read(True, None)
