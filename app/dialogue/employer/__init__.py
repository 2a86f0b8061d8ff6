"""The conversation with an employer."""
