"""What each provider makes of the sandbox's scenarios: played through the library, as a table."""

from __future__ import annotations

import asyncio

from tables import table

from omnimsg import Client, Message, RetryPolicy, SendError
from omnimsg.sandbox import Sandbox, Scenario, magic_number


def scenarios_table() -> str:
    """Send an SMS for each scenario through each provider; write where its reason arrives."""
    played = asyncio.run(play())
    providers = list(played)
    return table(
        ("scenario", *providers),
        (
            (scenario.name, *(_cell(*played[name][scenario]) for name in providers))
            for scenario in Scenario
        ),
    )


async def play() -> dict[str, dict[Scenario, tuple[str, str]]]:
    """Return for each provider and scenario where the end arrives, and what it is."""
    async with Sandbox() as sandbox:
        retry = RetryPolicy(attempts=1)
        async with Client.from_config(sandbox.config(), retry=retry) as client:
            return {
                name: {each: await _end_of(client, name, each) for each in Scenario}
                for name in client.accounts
            }


async def _end_of(client: Client, account: str, scenario: Scenario) -> tuple[str, str]:
    message = Message(magic_number(scenario), "Hello", channel="sms")
    try:
        accepted = await client.send(message, account=account)
    except SendError as error:
        return "send", error.reason.name
    status = await client.status(str(accepted.id))
    return "status", status.status.name if status.reason is None else status.reason.name


def _cell(where: str, what: str) -> str:
    return f"{where}: `{what}`"
