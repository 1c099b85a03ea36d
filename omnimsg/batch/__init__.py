"""A file of messages, each sent once, however often the sending is interrupted.

The file holds JSON Lines or CSV. Its results file says which lines were about to leave and what
became of them; written before and after every request, it is what `--resume` goes by.

* a line is a message: its number ties it to its results, so equal lines are two messages
* a line without a reference gets one that every run of the same results file gives it again
* a reference that an earlier line has is a bad line: who gives keys means each of them once
* a line that may have been sent is not sent again unless the caller says so
"""

from omnimsg.batch.lines import Line, Lines, LinesError, open_lines
from omnimsg.batch.results import Results, ResultsError
from omnimsg.batch.run import Run
from omnimsg.batch.standing import Standing, Standings

__all__ = [
    "Line",
    "Lines",
    "LinesError",
    "Results",
    "ResultsError",
    "Run",
    "Standing",
    "Standings",
    "open_lines",
]
