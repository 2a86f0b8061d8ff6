"""The runner: loads the context of a message, takes the dialogue's turn, performs its effects."""
