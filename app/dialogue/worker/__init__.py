"""The conversation with a worker."""
