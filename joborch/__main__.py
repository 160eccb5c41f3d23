"""The program ``joborch``, which ``python -m joborch`` is too."""

import io
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
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    run()
