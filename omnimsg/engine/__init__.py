"""What makes it work: the wire, the flows, retries, deadlines. It knows no provider."""
