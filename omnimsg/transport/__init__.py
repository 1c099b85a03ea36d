"""The wire: requests out, answers in. The only room that knows aiohttp's client."""
