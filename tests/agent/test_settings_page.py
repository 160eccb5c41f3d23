"""The operations page names every setting of an agent."""

from dataclasses import fields
from pathlib import Path

from joborch.agent.settings import AgentSettings

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
WITHOUT_FLAG = "path"


def test_the_reference_names_every_setting_of_an_agent() -> None:
    _, _, table = PAGE.read_text().partition("## Settings of an agent\n")
    rows = [tuple(cell.strip() for cell in line.split("|")[1:5]) for line in table.splitlines()]
    told = {(flag, variables, text) for flag, variables, _default, text in filter(all_four, rows)}

    wanted = {
        (
            "" if field.name == WITHOUT_FLAG else f"`--{field.name.replace('_', '-')}`",
            ", ".join(f"`{name}`" for name in variables_of(field.name, field.metadata["env"])),
            field.metadata["doc"],
        )
        for field in fields(AgentSettings)
    }

    assert wanted - told == set()


def all_four(row: tuple[str, ...]) -> bool:
    return len(row) == 4


def variables_of(name: str, others: tuple[str, ...]) -> list[str]:
    return [f"JOBORCH_{name.upper()}", *others]
