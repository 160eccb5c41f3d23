"""Who did something to a job, as its history names them: ``user:ann``, ``agent:c1``, ``api``."""

ANYBODY = "api"
"""Somebody who did not say who he is."""
_USER = "user:"


def user(name: str | None) -> str:
    """Return how the history names a user; one who did not say who he is, if there is no name."""
    return f"{_USER}{name}" if name else ANYBODY


def called(actor: str) -> str:
    """Return what people call an actor: a user by the name alone."""
    return actor.removeprefix(_USER)


def known(actor: str | None) -> str | None:
    """Return what people call an actor that did say who he is."""
    return None if actor is None or actor == ANYBODY else called(actor)


def held(actor: str | None) -> str:
    """Say that a job is held, and by whom if he said so."""
    return f"held by {name}" if (name := known(actor)) else "held"
