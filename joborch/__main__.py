"""The program ``joborch``, which ``python -m joborch`` is too."""

import sys

INTERRUPTED = 130


def run() -> None:
    """Be the program; one that is interrupted while it still loads ends without a word."""
    try:
        from joborch.cli.main import run as go
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    go()


if __name__ == "__main__":
    run()
