"""What each provider makes of the sandbox's scenarios: played through the library, as a table."""

from __future__ import annotations

import asyncio

from tables import table

from omnimsg import Client, Message, RetryPolicy, SendError
from omnimsg.sandbox import Sandbox, Scenario, magic_number

CHANNELS = ("sms", "whatsapp")


def scenarios_table() -> str:
    """Send a text for each scenario through each provider; write where its reason arrives."""
    played = asyncio.run(play())
    providers = list(played)
    return table(
        ("scenario", "channel", *providers),
        (
            (
                scenario.name,
                channel,
                *(_cell(*played[name][scenario, channel]) for name in providers),
            )
            for scenario in Scenario
            for channel in CHANNELS
        ),
    )


async def play() -> dict[str, dict[tuple[Scenario, str], tuple[str, str]]]:
    """Return for each provider, scenario and channel where the end arrives, and what it is."""
    played: dict[str, dict[tuple[Scenario, str], tuple[str, str]]] = {}
    for channel in CHANNELS:
        # A sandbox counts the attempts to a number, and a client remembers an account in trouble.
        async with Sandbox() as sandbox:
            config = sandbox.config()
            for scenario in Scenario:
                async with Client.from_config(config, retry=RetryPolicy(attempts=1)) as client:
                    for name in client.accounts:
                        end = await _end_of(client, name, scenario, channel)
                        played.setdefault(name, {})[scenario, channel] = end
    return played


async def _end_of(
    client: Client, account: str, scenario: Scenario, channel: str
) -> tuple[str, str]:
    """Send one text, and ask for its status where it was accepted."""
    message = Message(magic_number(scenario), "Hello", channel=channel)
    try:
        accepted = await client.send(message, account=account)
    except SendError as error:
        return "send", error.reason.name
    status = await client.status(str(accepted.id))
    return "status", status.status.name if status.reason is None else status.reason.name


def _cell(where: str, what: str) -> str:
    return f"{where}: `{what}`"
