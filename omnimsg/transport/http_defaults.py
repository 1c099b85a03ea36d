"""The header lines that both transports send with every request, and the limits of both."""

from __future__ import annotations

# The header lines of every request, besides `Host` and `Accept-Encoding`.
DEFAULT_HEADERS = {"User-Agent": "omnimsg", "Accept": "application/json"}

# The largest body that is written together with its head, without a task or a wait, bytes: about as
# much as a connection buffers before its writer has to wait.
MAX_SMALL_BODY = 2**16

# The longest header line of an answer that is read, bytes, and the most header lines. Some gateways
# add lines of 9 KB, and hundreds of them.
MAX_HEADER_LINE = 32 * 1024
MAX_HEADER_LINES = 500

# The largest answer that is kept in memory, bytes. A batch of 1,000 verdicts has some 300 kB.
MAX_ANSWER_BYTES = 32 * 1024 * 1024
