"""HTTP/1.1 on an `asyncio.Protocol`, parsed by httptools: the transport that costs least.

It implements only what the engine needs: one request at a time on a connection, no redirects, no
cookies, no HTTP/2. The write mark is exact, because this code writes the bytes itself: it sets the
mark right before `transport.write`.

* `protocol_transport` is the transport: exchanges, time limits, closing.
* `request_head` makes a request's head, `request_body` reads the bodies that are written in pieces.
* `pool` keeps the connections, `dialer` makes them: `resolver`, then TCP, `tunnel`, TLS.
* `connection` is one connection to an `origin`; `exchange` writes any request on it.
* `answer_parser` reads answers, `answer_stream` passes a body to a sink, `answer_headers` decodes
  header lines on first access.
* `faults` translates `errors` into `TransportFault`.

Importing this package imports nothing; `protocol_transport` imports httptools, which the extra
`protocol` installs.
"""
