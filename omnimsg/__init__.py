"""Send and track messages through many providers behind one model."""
