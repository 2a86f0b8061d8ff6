"""The dialogue with an employer."""
