"""The request bodies of the second transport that are written in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omnimsg.adapter import Multipart, Request, Source
from omnimsg.domain.reason import Reason
from omnimsg.transport import TransportFault
from omnimsg.transport.protocol.request_body import open_body

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def test_a_form_is_written_as_browsers_write_it(tmp_path: Path) -> None:
    """Quotes and line ends in a name are escaped, so that it can add no line to the form."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    form = Multipart(
        fields=(('a"b', "1"),),
        file_field="c\rd",
        file_name="e\nf",
        content_type="image/png",
        source=Source(data=path, size=7, sha256="0" * 64),
    )
    pieces = []
    async with open_body(Request("POST", "/x", form), None) as body:
        while piece := await body.read():
            pieces.append(piece)

    assert body.content_type is not None
    boundary = body.content_type.removeprefix("multipart/form-data; boundary=")
    expected = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="a%22b"\r\n\r\n1\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="c%0Dd"; filename="e%0Af"\r\n'
        f"Content-Type: image/png\r\n\r\ncontent\r\n--{boundary}--\r\n"
    )
    assert (expected.encode(), len(expected)) == (b"".join(pieces), body.size)


async def test_a_media_type_adds_no_line_to_a_form() -> None:
    """A media type with a line end is refused."""
    form = Multipart(
        fields=(),
        file_field="file",
        file_name="x",
        content_type="image/png\r\nX: 1",
        source=Source(data=b"content", size=7, sha256="0" * 64),
    )

    with pytest.raises(TransportFault) as caught:
        async with open_body(Request("POST", "/x", form), None):
            pass

    assert (Reason.MISCONFIGURED, "the file's media type is not valid") == (
        caught.value.reason,
        caught.value.detail,
    )
