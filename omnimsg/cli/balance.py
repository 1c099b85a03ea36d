"""`omnimsg balance`: show the balance of an account.

The JSON form is one object: `account`, `amount` (as text, or null) and `currency` (null if the
provider names none).
"""

from typing import TYPE_CHECKING

from omnimsg.cli.exit_codes import OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import print_json_lines, print_line, sanitize

if TYPE_CHECKING:
    from omnimsg.client import Client
    from omnimsg.domain.history import Balance


def balance(
    *,
    account: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    deadline: Seconds = 30.0,
    as_json: Json = False,
) -> int:
    """Show the balance of an account.

    Few providers tell it; omnimsg doctor tests the credentials of every account.

    Args:
        account: The account to ask; the default account unless given.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """

    async def call(client: "Client") -> "tuple[str, Balance]":
        return account or client.default, await client.balance(account=account, deadline=deadline)

    name, found = run_one_call(config, call, account=account)
    amount = None if found.amount is None else f"{found.amount:f}"
    if as_json:
        print_json_lines([{"account": name, "amount": amount, "currency": found.currency}])
    else:
        shown = f"{amount or 'not known'} {sanitize(found.currency or '')}".rstrip()
        print_line(shown, (f"  {name}", "dim"))
    return OK
