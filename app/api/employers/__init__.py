"""Routes of employers."""
