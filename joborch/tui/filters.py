"""Which jobs a person wants to see: selectors and conditions, all of which must hold.

::

    42  40-60  b-31[1-10]  @failed     as everywhere       user:ann,bob     one of several
    dock                               in the name         name:dock-*      a pattern
    state:active  service:example      agent:compute-1     tag:run=night    !word  not
"""

from collections.abc import Callable
from fnmatch import fnmatchcase

from joborch.domain.selectors import Batch, Ids, InStates, check_states, parse_selector
from joborch.domain.states import JobState, states_named
from joborch.tui.picture import counted_as
from joborch.wire.jobs import JobView

Filter = Callable[[JobView], bool]
KEYS = "state user service name tag agent batch"
_SHORT = {"svc": "service"}


def everything(_: JobView) -> bool:
    """Be the filter that lets all pass."""
    return True


def parse_filter(text: str, *, me: str) -> Filter:
    """Read a filter; ``user:me`` is ``me``.

    Raises:
        ValueError: with the reason, fit to be shown.
    """
    terms = [_term(word, me) for word in text.split()]
    if not terms:
        return everything
    return lambda job: all(term(job) for term in terms)


def _term(word: str, me: str) -> Filter:
    if word.startswith("!") and len(word) > 1:
        wanted = _term(word[1:], me)
        return lambda job: not wanted(job)
    key, colon, value = word.partition(":")
    if colon and not word[0].isdigit():
        return _condition(_SHORT.get(key, key), value, me)
    if word.startswith(("@", "b-")) or word[0].isdigit():
        return _selected(word)
    part = word.casefold()
    return lambda job: part in job.name.casefold()


def _condition(key: str, value: str, me: str) -> Filter:
    if key not in KEYS.split():
        raise ValueError(f"{key}: is no condition; there are {KEYS}")
    if not value:
        raise ValueError(f"{key}: of what?")
    if key == "state":
        return _in_states(value)
    if key == "tag":
        name, _, content = value.partition("=")
        return lambda job: name in job.tags and content in {"", job.tags[name]}
    words = value.split(",")
    match key:
        case "user":
            users = {me if each == "me" else each for each in words}
            return lambda job: job.user_id in users
        case "name":
            return lambda job: any(fnmatchcase(job.name, each) for each in words)
        case _:
            return lambda job: getattr(job, key) in words


def _in_states(words: str) -> Filter:
    if words == "held":
        return lambda job: counted_as(job) == "held"
    states = frozenset[JobState]().union(*map(states_named, check_states(words).split(",")))
    return lambda job: job.state in states


def _selected(word: str) -> Filter:
    match parse_selector(word):
        case Ids(ids=ids):
            wanted = frozenset(ids)
            return lambda job: job.id in wanted
        case Batch(name=name, indices=indices):
            return lambda job: job.batch == name and (indices is None or job.array_index in indices)
        case InStates(words=words):
            return _in_states(words)
    raise ValueError(f"{word!r} cannot be filtered by")
