"""What administrators do to accounts: it reaches into every domain, as erasure does."""
