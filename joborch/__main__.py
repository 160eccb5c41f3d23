"""``python -m joborch`` is the command ``joborch``."""

from joborch.cli.main import run

if __name__ == "__main__":
    run()
