"""HTTP/1.1 on an `asyncio.Protocol`, parsed by httptools: the transport that costs least.

It does what a transport owes the engine and no more: one request at a time on a connection,
nothing followed, no cookies, no HTTP/2. Since the bytes are written here, the write mark is exact:
it is set in the line before `transport.write`.

* `protocol_transport` is the transport: exchanges, time limits, closing.
* `request_head` makes a request's head, `request_body` reads the bodies that are written in pieces.
* `pool` keeps the connections, `dialer` makes them: `resolver`, then TCP, `tunnel`, TLS.
* `connection` is one connection; `answer_parser` reads its answers, `content_coding` decodes them,
  `answer_stream` brings a body to a sink, `answer_headers` decodes header lines when asked.
* `faults` says what an error means.

Importing this package imports nothing; `protocol_transport` imports httptools, which the extra
`protocol` installs.
"""
