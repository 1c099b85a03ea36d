"""The engine: sends messages and runs operations of an account, whatever its provider."""
