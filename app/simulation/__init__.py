"""The simulator: a synthetic city in which the wave policy and its rivals are tried, without a database."""
