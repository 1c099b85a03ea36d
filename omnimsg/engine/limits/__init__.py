"""What holds requests back: rates, and circuit breakers."""
