"""What an error about a configuration hides: secrets, also as parts of each other and quoted."""

from __future__ import annotations

import pytest

from omnimsg.config.concealment import conceal, secret_texts
from omnimsg.config.references import FromReference
from omnimsg.domain.errors import Problem


def test_which_texts_are_hidden() -> None:
    """The values of secret keys are hidden, at any depth, and all that came by a reference."""
    values = {
        "key": "one",
        "logins": [{"name": "two"}, "three"],
        "sender": "Shop",
        "senders": {"sms": FromReference("four")},
    }

    assert ["one", "two", "three", "four"] == secret_texts(values, {"key", "logins"})


@pytest.mark.parametrize(
    ("why", "secrets", "expected"),
    [
        ("is not 'abcdefgh'", ["abcd", "abcdefgh"], "is not '***'"),
        ("is not 'it\\\\s-mine'", ["it\\s-mine"], "is not '***'"),
        ("is not it\\s-mine", ["it\\s-mine"], "is not ***"),
        ("must be text", ["abcd"], "must be text"),
        ("must be text", [""], "must be text"),
        ("is not abcd", ["abcd"], "is not ***"),
        *(
            (why, ["ab"], "is not valid; the reason is not shown, because it quotes a secret")
            for why in ("is not 'ab'", "is not ab")
        ),
    ],
)
def test_a_secret_in_an_error(why: str, secrets: list[str], expected: str) -> None:
    """No part of a secret is shown, also where it is quoted, or a part of another secret."""
    assert Problem("accounts.a.key", expected) == conceal(Problem("accounts.a.key", why), secrets)
