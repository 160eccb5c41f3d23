"""What can be wrong with what several routes are told; all of it is named at once."""

from collections.abc import Sequence

from joborch.domain.errors import InvalidRequestError
from joborch.domain.names import check_user_id, has_control

LONGEST_REASON = 500


def mistakes_in_name(field: str, name: str | None) -> list[str]:
    """Say what is wrong with a user's name; nothing if there is none."""
    try:
        if name:
            check_user_id(name)
    except ValueError as error:
        return [f"{field}: {error}"]
    return []


def mistakes_in_reason(reason: str | None) -> list[str]:
    """Say what is wrong with the words for why something is done; nothing if there are none."""
    if reason is not None and (len(reason) > LONGEST_REASON or has_control(reason)):
        return [f"reason: over {LONGEST_REASON} characters, or has control characters"]
    return []


def refuse(mistakes: Sequence[str]) -> None:
    """Raise ``InvalidRequestError`` if there are any."""
    if mistakes:
        raise InvalidRequestError(*mistakes)
