"""Write the tables of the docs from the code that the library itself reads.

Run `python docs/generate.py` after a change to a table, a signature or a docstring; a test fails
while a page is stale. A page marks the place: `<!-- generated: codes clickatell -->` up to
`<!-- end -->`; what follows the name of the table is about what it is made.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import api_reference
import config_keys
import content_examples
import figures
import plot
import provider_tables
import scenarios
import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DOCS = Path(__file__).parent
PLACE = re.compile(r"(<!-- generated: (\w+)(?: ([^\n]+?))? -->\n)(.*?)(<!-- end -->)", re.DOTALL)

PLAIN: dict[str, Callable[[], str]] = {
    "account_keys": config_keys.account_tables,
    "api_index": api_reference.index_table,
    "callback_keys": config_keys.callback_table,
    "carriers": content_examples.carriers_table,
    "costs": figures.costs_table,
    "errors": vocabulary.errors_table,
    "exit_codes": vocabulary.exit_codes_table,
    "faults": vocabulary.faults_table,
    "goals": figures.goals_table,
    "groups": vocabulary.groups_table,
    "log_fields": vocabulary.log_fields_table,
    "log_lines": vocabulary.log_lines_table,
    "message_fields": content_examples.fields_table,
    "network_keys": config_keys.network_table,
    "reason_sources": vocabulary.sources_table,
    "reasons": vocabulary.reasons_table,
    "retries": vocabulary.retries_table,
    "route_keys": config_keys.route_tables,
    "sandbox_paths": vocabulary.sandbox_paths_table,
    "scenarios": scenarios.scenarios_table,
    "setting": figures.setting_table,
    "template_parts": content_examples.template_parts_table,
}

ABOUT: dict[str, Callable[[str], str]] = {
    "api": api_reference.names_of_page,
    "channels": provider_tables.channels_table,
    "codes": provider_tables.codes_table,
    "content": content_examples.content_example,
    "media": provider_tables.media_table,
    "module": api_reference.names_of_module,
    "names": api_reference.chosen_names,
    "provider_keys": config_keys.provider_table,
    "statuses": provider_tables.statuses_table,
    "template_request": content_examples.template_request,
    "terms": provider_tables.terms_table,
}


def main() -> int:
    """Rewrite every stale page and say which."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    for page, text in pages():
        if page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            print(f"wrote {page.name}")
    return 0


def pages() -> Iterable[tuple[Path, str]]:
    """Return every page with what it should hold, and the plot."""
    for page in sorted(DOCS.glob("*.md")):
        yield page, PLACE.sub(_filled, page.read_text(encoding="utf-8"))
    yield DOCS / "benchmarks.svg", plot.svg()


def _filled(place: re.Match[str]) -> str:
    opening, name, about, _, closing = place.groups()
    text = PLAIN[name]() if about is None else ABOUT[name](about)
    return f"{opening}\n{text}\n\n{closing}"


if __name__ == "__main__":
    sys.exit(main())
