"""Loading the program without looking for garbage in it.

What a process loads when it starts lives as long as the process. Looking through it for garbage, again
and again while it grows and at every full collection after, finds none: it takes a seventh of the time to
load, about twice that when the process ends, and its part of some unlucky requests. So a process loads
between `begin` and `done`, and calls `done` before it ends, too (`docs/decisions/0032`).
"""

import gc


def begin() -> None:
    """Look for no garbage from here on."""
    gc.disable()


def done() -> None:
    """Look for garbage again, in what is made from here on; what is there now is left alone for good."""
    gc.freeze()
    gc.enable()
