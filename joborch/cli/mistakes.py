"""The mistakes of many items, said together and each only once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from joborch.cli.exits import UsageError
from joborch.domain.errors import RequestError, TooLargeError

MOST_TOLD = 10


@dataclass(slots=True)
class Mistakes:
    """What is wrong with some of ``total`` items."""

    total: int
    _labels: dict[str, list[str]] = field(default_factory=dict)
    """Of the items, by what is wrong with them."""
    _errors: list[RequestError] = field(default_factory=list)

    @contextmanager
    def of(self, label: str) -> Iterator[None]:
        """Take note of what is refused inside, and go on."""
        try:
            yield
        except RequestError as error:
            self._labels.setdefault(error.message, []).append(label)
            self._errors.append(error)

    def refuse(self) -> None:
        """Raise if there were any: ``TooLargeError`` if all are that, else ``UsageError``."""
        if not self._errors:
            return
        told = [self._told(text, labels) for text, labels in self._labels.items()]
        if len(told) > MOST_TOLD:
            told[MOST_TOLD:] = [f"and {len(told) - MOST_TOLD} more"]
        hint = self._errors[0].hint
        if all(isinstance(error, TooLargeError) for error in self._errors):
            raise TooLargeError("; ".join(told), hint=hint)
        raise UsageError(*told, hint=hint)

    def _told(self, text: str, labels: list[str]) -> str:
        if len(labels) == self.total > 1:
            return text
        more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        return f"{labels[0]}{more}: {text}"
