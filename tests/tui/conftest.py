import time
from collections.abc import Iterator
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.parse import parse
from textual.css.tokenize import tokenize_values
from textual.css.tokenizer import Token
from textual.css.types import CSSLocation


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are shown in the local zone, which is UTC here; and colours do not depend on ours."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        patch.delenv("NO_COLOR", raising=False)
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(autouse=True, scope="session")
def style_sheets_parsed_once() -> Iterator[None]:
    """Each app parses the same style sheets: hundreds of apps share what the first has made."""
    variables: dict[tuple[tuple[str, str], ...], dict[str, list[Token]]] = {}
    rules: dict[tuple[Any, ...], list[RuleSet]] = {}

    def tokenize_once(values: dict[str, str]) -> dict[str, list[Token]]:
        key = tuple(values.items())
        if key not in variables:
            variables[key] = tokenize_values(values)
        return variables[key]

    def parse_once(scope: str, css: str, read_from: CSSLocation, **how: Any) -> list[RuleSet]:
        tokens = how.pop("variable_tokens")
        key = (scope, css, read_from, id(tokens), *how.items())  # tokens live as long as we do
        if key not in rules:
            rules[key] = list(parse(scope, css, read_from, variable_tokens=tokens, **how))
        return rules[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("textual.css.stylesheet.tokenize_values", tokenize_once)
        patch.setattr("textual.css.stylesheet.parse", parse_once)
        yield
