"""A plugin that raises when it is imported."""

1 / 0  # noqa: B018 - on purpose
