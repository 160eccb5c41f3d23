"""Every setting of the agent is a flag of ``joborch agent``."""

import dataclasses

import pytest

from joborch.agent.settings import AgentSettings
from tests.support.command_line import Run

NOT_ONE = "path"
"""Where jobs find programs: the agent's own ``PATH``, the environment or the file says."""
SETTINGS = [field.name for field in dataclasses.fields(AgentSettings) if field.name != NOT_ONE]


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_can_be_given_as_a_flag(setting: str, joborch: Run) -> None:
    assert f"--{setting.replace('_', '-')}" in joborch("agent", "--help").out.split()
