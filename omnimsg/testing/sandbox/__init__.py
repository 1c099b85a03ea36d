"""A sandbox for tests of an application: phones to look at, to wait for, and to answer from."""
