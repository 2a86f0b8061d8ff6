"""The inbox: webhooks stored, unpacked into messages, and handled once, in order."""
