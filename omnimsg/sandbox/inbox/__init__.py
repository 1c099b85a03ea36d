"""The inbox page: the conversations of phones, the timelines of messages, and the requests."""
