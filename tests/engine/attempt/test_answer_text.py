"""The words and the code of an answer that no adapter has understood."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from omnimsg.adapter import Response
from omnimsg.engine.attempt.answer_text import code_of, words_of


@pytest.mark.parametrize(
    ("document", "words", "code"),
    [
        *(
            ({name: "No such thing"}, "No such thing", None)
            for name in ("message", "description", "detail", "title", "error", "reason", "msg")
        ),
        *(
            ({name: "E7", "message": "No"}, "No (code E7)", "E7")
            for name in ("code", "errorCode", "error_code")
        ),
        ({"errors": [{"code": 7, "title": "A"}, {"title": "B"}]}, "A (code 7); B", "7"),
        ([{"title": each} for each in "ABCD"], "A; B; C", None),
        ({"code": 7, "errors": {"to": ["No", "Bad"]}}, "No; Bad", "7"),
        ({"errors": ["No"]}, "No", None),
        ({"errors": {"in": "body", "at": 3}}, "", None),
        ({"why": "No"}, "", None),
        ({"message": " "}, "", None),
        *(({"code": blank, "message": "No"}, "No", None) for blank in ("", 0, False, None)),
    ],
)
def test_what_is_found_in_any_error_document(document: Any, words: str, code: str | None) -> None:
    """Sentences and codes are found under their usual names, at any depth, three at most."""
    response = Response(400, orjson.dumps(document))

    assert (words, code) == (words_of(response), code_of(response))
