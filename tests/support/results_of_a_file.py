"""A file with good, rejected and bad rows, for tests of its results."""

from __future__ import annotations

PHONE = "+27820990001"
NO_SUCH_PHONE = "+27820990003"
OPTED_OUT = "+27820990004"
RESULTS = "many.csv.results.jsonl"
ROWS = [
    "to;text;Full name",
    f"{PHONE};Hello;Ola",
    f"{NO_SUCH_PHONE};Hello;Ann",
    '082 099 0001;"Two\nlines";Bo',
    f'{PHONE};"Hello;Cy',
    f"{PHONE};One;too;many",
    f"{PHONE};Bye;Di",
]
