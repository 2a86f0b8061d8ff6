"""What follows: a state, a message and what is known give a turn. Pure."""
