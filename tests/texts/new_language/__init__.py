"""A language that only tests speak, and its registration in the chat."""
