"""The stand-in for a language model behind the OpenAI-compatible chat API."""
