"""The demonstration: a believable city through the public API, and one story told step by step."""
