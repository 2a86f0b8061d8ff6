"""The runner: loads the context of a message, takes the dialogue's step, performs its effects."""
