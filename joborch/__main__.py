"""The program ``joborch``, which ``python -m joborch`` is too."""

import io
import os
import sys

COMPLETE = "__complete"
"""What shells call at a TAB; it is no command of anybody's."""
INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Run one command line and return the exit code; a TAB does not wait for the commands."""
    if arguments[:1] == [COMPLETE]:
        from joborch.cli.completing.answer import answer

        return answer(arguments[1:])
    from joborch.cli.main import main as command

    return command(arguments)


def run() -> None:
    """Be the program; one that is interrupted while it still loads ends without a word.

    What the terminal's encoding has no character for is written by its number, as on stderr.
    """
    _replace_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _replace_closed_streams() -> None:
    """Open what was closed for us (``>&-``): else the next socket would be standard output."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


if __name__ == "__main__":
    run()
