"""A file of messages, each sent once, however often the sending is interrupted.

The file holds JSON Lines or CSV. Its results file says which lines were about to leave and what
became of them; written before and after every request, it is what `--resume` goes by.

* a line is a message: its number ties it to its results, so equal lines are two messages
* a line without a reference gets one that every run of the same results file gives it again
* a reference that an earlier line has is a bad line: who gives keys means each of them once
* a line that may have been sent is not sent again unless the caller says so
"""

from omnimsg.bulk.line_state import LineState, LineStates
from omnimsg.bulk.reader import Line, Lines, LinesError, open_lines
from omnimsg.bulk.results import Results, ResultsError
from omnimsg.bulk.run import Run

__all__ = [
    "Line",
    "LineState",
    "LineStates",
    "Lines",
    "LinesError",
    "Results",
    "ResultsError",
    "Run",
    "open_lines",
]
