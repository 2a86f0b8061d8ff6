"""Measurements, never tests: what the figures in the documentation rest on. `python -m benchmarks -h`."""
