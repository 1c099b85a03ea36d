"""The hosts that get the access key, and those that files are transferred to and from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omnimsg_bird.hosts import FILES, forbidden_host

if TYPE_CHECKING:
    from omnimsg_bird import BirdAdapter


@pytest.mark.parametrize(
    ("host", "gets_the_key"),
    [
        ("media.api.bird.com", True),
        ("media.nest.messagebird.com", True),
        ("bucket.s3.eu-west-1.amazonaws.com", False),
    ],
)
def test_the_documented_hosts_of_files(
    adapter: BirdAdapter, host: str, *, gets_the_key: bool
) -> None:
    """Files may be on all documented hosts, and only Bird's own get the access key."""
    assert forbidden_host(f"https://{host}/x", adapter.account.base_url, FILES) is None
    assert gets_the_key is (host in adapter.hosts)
