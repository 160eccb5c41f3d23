"""Where an agent's settings come from, and how they are refused."""

from pathlib import Path

import pytest

from joborch.agent.settings import AgentSettings, SettingsError, load_settings

ENV = {"HOME": "/home/me", "PATH": "/usr/bin"}


def test_a_service_is_all_that_has_to_be_said() -> None:
    settings = load_settings(flags={"service": ["example:4", "other:2"]}, env=ENV)
    assert settings == AgentSettings(
        server="http://127.0.0.1:5000",
        service={"example": 4, "other": 2},
        slots=6,
        listen_slots=settings.listen_slots,
        name=settings.name,
        label={},
        work_dir=Path(f"/home/me/.local/state/joborch/agent-{settings.name}"),
        path="/usr/bin",
        grace=10.0,
        drain=False,
        until_eof=False,
        keep=0.0,
        max_results=20 * 1024**3,
        log_format="auto",
        verbose=False,
    )


def test_a_service_without_a_number_gets_the_cores() -> None:
    settings = load_settings(flags={"service": ["example"]}, env=ENV)
    assert settings.service["example"] == settings.slots >= 1


def test_flags_win_over_variables_and_these_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('name = "file"\nkeep = "1h"\nservice = ["a:1", "b:2"]\n[label]\ngpu = "a100"\n')
    env = {**ENV, "JOBORCH_NAME": "variable", "JOBORCH_GRACE": "30s", "XDG_STATE_HOME": "/state"}
    settings = load_settings(flags={"name": "flag", "slots": 2}, env=env, file=file)
    assert (settings.name, settings.grace, settings.keep) == ("flag", 30.0, 3600.0)
    assert (settings.service, settings.slots) == ({"a": 1, "b": 2}, 2)
    assert settings.label == {"gpu": "a100"}
    assert settings.work_dir == Path("/state/joborch/agent-flag")


def test_how_it_ends_and_how_much_it_packs_can_be_said_in_every_way(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('drain = true\nmax_results = "20M"\nservice = "a:1"\n')
    said = [
        load_settings(flags={}, env=ENV, file=file),
        load_settings(flags={"service": "a", "drain": True, "max_results": "20M"}, env=ENV),
        load_settings(
            flags={"service": "a"},
            env={**ENV, "JOBORCH_DRAIN": "yes", "JOBORCH_MAX_RESULTS": "20M"},
        ),
    ]
    assert {(one.drain, one.max_results) for one in said} == {(True, 20 * 1024**2)}


def test_all_mistakes_are_told_at_once() -> None:
    env = {**ENV, "JOBORCH_SERVER": "nowhere", "JOBORCH_LABEL": "gpu", "JOBORCH_KEEP": "soon"}
    with pytest.raises(SettingsError) as refused:
        load_settings(flags={"service": ["Not a name"], "slots": "0"}, env=env)
    assert len(refused.value.mistakes) == 5


def test_no_service_is_a_mistake() -> None:
    with pytest.raises(SettingsError, match="service"):
        load_settings(flags={"service": []}, env=ENV)


def test_who_listens_cannot_run_once() -> None:
    with pytest.raises(SettingsError, match="once"):
        load_settings(flags={"listen": "127.0.0.1:0", "once": True}, env=ENV)
