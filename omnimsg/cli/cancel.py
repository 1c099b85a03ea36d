"""`omnimsg cancel`: stop a scheduled message.

The JSON form is one object: `id` and `cancelled`, which is false where it is too late or there is
no such message.
"""

from typing import TYPE_CHECKING

from omnimsg.cli.errors import DONE, REFUSED, UNCERTAIN, Stop
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json
from omnimsg.cli.one_call import run_one_call
from omnimsg.cli.output import clean, json_lines, line, say_hint, word
from omnimsg.domain.errors import OperationError
from omnimsg.domain.reason import Retry

if TYPE_CHECKING:
    from omnimsg.client import Client


def cancel(
    message_id: str,
    /,
    *,
    config: ConfigFile = CONFIG_FILE,
    deadline: float = 30.0,
    as_json: Json = False,
) -> int:
    """Stop a scheduled message.

    Exits with 1 when it is too late or there is no such message, and with
    3 when the answer was lost, so that it may or may not be stopped.

    Args:
        message_id: The id that `omnimsg send` printed, account:provider-id.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """

    async def call(client: "Client") -> bool:
        return await client.cancel(message_id, deadline=deadline)

    look = f"`omnimsg status {clean(message_id)}` tells what became of it"
    try:
        stopped = run_one_call(config, call)
    except OperationError as error:
        if error.failure.retry is not Retry.UNSAFE:
            raise
        raise Stop(str(error), look, code=UNCERTAIN) from error
    if as_json:
        json_lines([{"id": message_id, "cancelled": stopped}])
    else:
        said = word("cancelled") if stopped else ("not cancelled", "red")
        line(said, f"  {clean(message_id)}")
        if not stopped:
            say_hint(f"it is too late, or there is no such message; {look}")
    return DONE if stopped else REFUSED
