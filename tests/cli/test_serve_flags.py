"""Every setting of the server is a flag of ``joborch serve``."""

import dataclasses

import pytest

from joborch.server.settings import COMPOUND, ServerSettings
from tests.support.command_line import Run

SETTINGS = [f.name for f in dataclasses.fields(ServerSettings) if f.name not in COMPOUND]
GIVEN = {"reserve": ("300M", "314572800"), "poll_s": ("10s", "10.0"), "max_files": ("7", "7")}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_can_be_given_as_a_flag(setting: str, joborch: Run) -> None:
    assert f"--{setting.replace('_', '-')}" in joborch("serve", "--help").out.split()


@pytest.mark.parametrize("setting", GIVEN)
def test_a_flag_is_what_holds(setting: str, joborch: Run) -> None:
    text, held = GIVEN[setting]

    done = joborch("serve", f"--{setting.replace('_', '-')}", text, "--print-config")

    assert f"{setting} = {held}" in done.out.splitlines()
