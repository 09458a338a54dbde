"""Pictures: pure functions from arrays to matplotlib figures."""
