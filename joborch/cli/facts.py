"""Facts about one thing: words beside each other for people, one document for programs."""

from collections.abc import Mapping

from joborch.cli.output import Output
from joborch.domain.text import one_line

Facts = Mapping[str, str | bool | None]


def show_facts(output: Output, schema: str, facts: Facts) -> None:
    """Print facts in the form that was asked for; what is None is said to be none."""
    if output.is_json:
        output.document({"schema": schema, **facts})
        return
    output.fields.check(facts)
    facts = output.fields.of_facts(facts)
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        head = f"{name}\t" if output.is_for_programs else f"{name:<{width}}  "
        output.line(head + one_line(_word(value)))


def _word(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else value
