"""One attempt of one batch, or of one operation: flow, classification, journal."""
