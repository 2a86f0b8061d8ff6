"""Loading the program without looking for garbage in it.

What a process loads when it starts lives as long as the process. Looking through it for garbage, again
and again while it grows and at every full collection after, finds none: it takes a third of the time to
load, and tens of milliseconds of some unlucky request. So a process that stays loads between
`begin` and `done`.
"""

import gc


def begin() -> None:
    """Look for no garbage from here on."""
    gc.disable()


def done() -> None:
    """Look for garbage again, in what is made from here on; what is there now is left alone for good."""
    gc.freeze()
    gc.enable()
