"""Send a file of messages, each line once, however often the sending is interrupted.

The file is JSON Lines or CSV. A results file beside it records each line before and after its
request; a later run with `--resume` reads there which lines to send.

* Each line is one message, identified by its line number: two equal lines are two messages.
* A line without a reference gets a generated one, the same in every run with that results file.
* A line that repeats the reference of an earlier line is a bad line.
* A line that may have been sent is not sent again unless the caller asks for it.
"""

from omnimsg.bulk.fingerprint import FileChangedError
from omnimsg.bulk.line import FileFormatError, Line, WrongInputError
from omnimsg.bulk.line_state import LineState, LineStates
from omnimsg.bulk.reader import MessageFile, open_message_file
from omnimsg.bulk.results import ResultsFile
from omnimsg.bulk.results_format import ResultsError
from omnimsg.bulk.run import BulkRun
from omnimsg.bulk.source import ReadOptions

__all__ = [
    "BulkRun",
    "FileChangedError",
    "FileFormatError",
    "Line",
    "LineState",
    "LineStates",
    "MessageFile",
    "ReadOptions",
    "ResultsError",
    "ResultsFile",
    "WrongInputError",
    "open_message_file",
]
