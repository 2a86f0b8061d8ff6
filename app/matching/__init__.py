"""Matching: the worker index, candidates, their score, and the waves in which offers go out."""
