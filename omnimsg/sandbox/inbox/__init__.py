"""The inbox page: what each phone shows, what became of each message, and every request."""
