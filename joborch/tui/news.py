"""What the feed tells the screens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What has changed in the picture."""

    jobs: frozenset[int] = frozenset()
    is_all: bool = False
    """Whether the jobs were listed anew, so that any may have changed or gone."""
    gone: frozenset[int] = frozenset()
    """After a gap: ids whose jobs are not listed any more, or are others' by now."""
    is_other: bool = False
    """Whether that shows that the server has another database now."""
    is_back: bool = False
    """Whether the connection was lost and is there again."""
