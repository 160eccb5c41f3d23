"""Logs of several jobs at once: whole lines, each with the number of its job in front."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from joborch.wire.events import LogText

Show = Callable[[LogText], None]


class _Prefixed:
    """Passes on whole lines only: pieces of two jobs must not share one."""

    def __init__(self, show: Show, prefix: str) -> None:
        self._show = show
        self._prefix = prefix
        self._begun: dict[str, LogText] = {}

    def __call__(self, item: LogText) -> None:
        before = self._begun.pop(item.stream, None)
        *lines, rest = ((before.text if before else "") + item.text).split("\n")
        if lines:
            self._pass_on(item, lines)
        if rest:
            self._begun[item.stream] = _with_text(item, rest)

    def finish(self) -> None:
        """Pass on what was begun, as lines of their own."""
        for item in self._begun.values():
            self._pass_on(item, [item.text])
        self._begun.clear()

    def _pass_on(self, item: LogText, lines: list[str]) -> None:
        text = "".join(f"{self._prefix}{line}\n" for line in lines)
        self._show(_with_text(item, text))


@contextmanager
def prefixed(show: Show, prefix: str) -> Iterator[Show]:
    """Put the prefix before each line that is shown in the block; an empty one changes nothing."""
    if not prefix:
        yield show
        return
    lines = _Prefixed(show, prefix)
    yield lines
    lines.finish()


def prefixed_bytes(text: bytes, prefix: str) -> bytes:
    """Return a whole log with the prefix before each line."""
    if not prefix or not text:
        return text
    lines = text.removesuffix(b"\n").split(b"\n")
    return b"".join(prefix.encode() + line + b"\n" for line in lines)


def _with_text(item: LogText, text: str) -> LogText:
    return LogText(stream=item.stream, offset=item.offset, text=text)
