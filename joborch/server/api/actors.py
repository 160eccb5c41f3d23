"""Who asks for something, as they say themselves; the history keeps it.

Nobody proves it: whoever reaches the server may act for anybody, as with a submission's user.
"""

from typing import Annotated

from litestar.params import QueryParameter

from joborch.domain.actors import ANYBODY
from joborch.domain.names import check_user_id

By = Annotated[
    str | None, QueryParameter(description="Who asks, for the job's history; else it says `api`.")
]


def mistakes_in_name(field: str, name: str | None) -> list[str]:
    """Say what is wrong with a user's name; nothing if there is none."""
    try:
        check_user_id(name or ANYBODY)
    except ValueError as error:
        return [f"{field}: {error}"]
    return []
