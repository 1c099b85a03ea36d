"""Bird's JSON, both directions."""
