"""A plug-in that breaks while it is imported."""

1 / 0  # noqa: B018 - on purpose
