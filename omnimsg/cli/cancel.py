"""`omnimsg cancel`: cancel a scheduled message.

The JSON form is one object: `id` and `cancelled`, which is false if it is too late or there is no
such message.
"""

from omnimsg.cli.errors import CommandError
from omnimsg.cli.exit_codes import FAILED, OK, UNCERTAIN
from omnimsg.cli.flags import CONFIG_FILE, ConfigFile, Json, Seconds
from omnimsg.cli.one_call import account_of, run_one_call
from omnimsg.cli.output import (
    closed_output_ignored,
    print_hint,
    print_json_lines,
    print_line,
    sanitize,
    word_text,
)
from omnimsg.domain.errors import OperationError
from omnimsg.domain.reason import Retry


def cancel(
    message_id: str,
    /,
    *,
    config: ConfigFile = CONFIG_FILE,
    deadline: Seconds = 30.0,
    as_json: Json = False,
) -> int:
    """Cancel a scheduled message.

    Exits with 1 when it is too late or there is no such message, and with
    3 when the answer was lost, so that it may or may not be cancelled.

    Args:
        message_id: The id that `omnimsg send` printed, account:provider-id.
        config: The configuration, a TOML file.
        deadline: Seconds to wait for the provider.
        as_json: Print JSON lines.
    """
    how_to_check = f"`omnimsg status {sanitize(message_id)}` shows its status"
    try:
        cancelled = run_one_call(
            config,
            lambda client: client.cancel(message_id, deadline=deadline),
            account=account_of(message_id),
        )
    except OperationError as error:
        if error.failure.retry is not Retry.UNSAFE:
            raise
        raise CommandError(str(error), how_to_check, code=UNCERTAIN) from error
    with closed_output_ignored():
        if as_json:
            print_json_lines([{"id": message_id, "cancelled": cancelled}])
        else:
            shown = word_text("cancelled") if cancelled else ("not cancelled", "red")
            print_line(shown, f"  {sanitize(message_id)}")
            if not cancelled:
                print_hint(f"it is too late, or there is no such message; {how_to_check}")
    return OK if cancelled else FAILED
