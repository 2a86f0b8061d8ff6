"""Pages for people: everybody, employers, administrators.

A page calls the route functions of `app.api` for the same person, so it can show and do nothing that the API would
not. What is its own here: cookies in place of tokens, forms in place of JSON, words in place of codes.
"""
