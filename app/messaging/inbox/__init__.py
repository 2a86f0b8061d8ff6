"""The inbox: webhooks are stored, unpacked into messages, and each message is handled once, in order."""
