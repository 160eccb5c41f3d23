"""A setting's text, together with where it was found, for whoever has to complain about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A setting's text, and where it was found."""

    text: str
    origin: str
