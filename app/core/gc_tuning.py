"""Keep Python's cyclic garbage collector away from the loaded program.

What a process loads at its start lives as long as the process, so every collection would walk over it in vain.
That takes a seventh of the time to load, about twice that at the end of the process, and slows some requests
(`docs/decisions` 0032). A process calls `disable` before it loads, then `freeze`, and `freeze` before it ends.
"""

import gc


def disable() -> None:
    """Disable cyclic garbage collection until `freeze`."""
    gc.disable()


def freeze() -> None:
    """Exempt every present object from collection, and enable it for those made from now on."""
    gc.freeze()
    gc.enable()
