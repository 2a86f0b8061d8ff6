"""Tax packs: each file here is one, found by its name."""
