"""The outbox: messages written down in a transaction, and sent by a loop."""
