"""Answers of a server as plain values, for whoever prints or stores them."""

import msgspec


def plain(value: object) -> object:
    """Return ``value`` as dicts, lists, texts and numbers; times as RFC 3339 in UTC."""
    return msgspec.to_builtins(value)


def described(schema: str, value: object) -> dict[str, object]:
    """Return an answer that is an object as :func:`plain` does, with its schema's name in front."""
    return {"schema": schema, **msgspec.to_builtins(value)}
