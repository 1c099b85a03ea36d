"""Bird's JSON: requests are written by `encode`, answers read by the other modules."""
