"""A provider in memory: tests of an application without sockets, threads or files."""
