"""Sending: admission, queue, batches, scheduler, completion, retries, look-ups, streams."""
