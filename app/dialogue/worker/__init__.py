"""The dialogue with a worker."""
