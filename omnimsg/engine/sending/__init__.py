"""Messages on their way out: admission, queue, batches, retries, completion."""
