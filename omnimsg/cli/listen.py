"""`omnimsg listen`: receive reports and replies, and print them as they come.

The JSON form is one object per event, as `omnimsg.domain.serialization` writes events: `event` is
"status", "inbound", "interaction" or "unparsed". Nothing in it is masked, because showing it is the
purpose of the command. The addresses and refused requests are printed on standard error.
"""

from contextlib import suppress

from omnimsg.cli.exit_codes import OK
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Port
from omnimsg.cli.streams import InterruptedOutputError


def listen(
    *,
    account: str | None = None,
    host: str = "127.0.0.1",
    port: Port = 8026,
    public_url: str | None = None,
    config: ConfigFile = CONFIG_FILE,
    as_json: Json = False,
) -> int:
    """Receive reports and replies, and print them as they come.

    Serves until Ctrl+C. A request that is not verified as the provider's is
    refused; it is listed, but its content is not read.

    Args:
        account: The account whose callbacks to accept; all accounts with secrets to verify them
            unless given.
        host: The address to listen on; a proxy with a certificate belongs in front of it.
        port: The port to listen on; 0 lets the system choose.
        public_url: The address that the providers call, up to the account's name; that of the
            configuration unless given, else this host and port.
        config: The configuration, a TOML file.
        as_json: Print JSON lines.
    """
    import asyncio  # noqa: PLC0415 - keeps help fast

    with suppress(KeyboardInterrupt, InterruptedOutputError):
        from omnimsg.cli.listening import serve_callbacks  # noqa: PLC0415

        asyncio.run(serve_callbacks(account, host, port, public_url, config, as_json=as_json))
    return OK
