"""A sandbox for tests of an application: read phones, wait for messages, reply from phones."""
