"""What follows: a state, a message and its context give a turn. Pure."""
