"""Bird's JSON: `encode` writes requests; `decode`, `resource` and others read answers."""
