"""The numbers an administrator may change while the system runs: prices, weights, waves, deadlines."""
