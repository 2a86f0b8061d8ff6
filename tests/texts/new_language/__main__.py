"""Play the registration on the database named first, with the `app` that Python finds first.

What came is printed, line by line, to be compared with the transcript.
"""

import sys
from pathlib import Path

from tests.support.chat_player import play_file

TRANSCRIPT = Path(__file__).with_name("registers_eo.txt")


def _never(language: str) -> Path:
    raise AssertionError(f"nobody is registered in {language} before")


if __name__ == "__main__":
    _, came = play_file(sys.argv[1], TRANSCRIPT, _never)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write("\n".join(came) + "\n")
