"""Tries at due work: counted before the work begins, set back when it fails, parked at the limit."""
