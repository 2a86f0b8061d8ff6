"""What we say: messages, their catalogue of texts, and how values are written in a language."""
