"""SIGUSR1 asks an agent what it has, and does not end it."""

from pathlib import Path

from joborch.agent.telling import attempts_told


def an_attempt(home: Path, name: str, *files: str) -> None:
    folder = home / "attempts" / name
    folder.mkdir(parents=True)
    for file in files:
        (folder / file).touch()


def test_each_attempt_is_told_with_how_it_stands(tmp_path: Path) -> None:
    an_attempt(tmp_path, "42-1", "spec.json")
    an_attempt(tmp_path, "43-2", "spec.json", "started.json")
    an_attempt(tmp_path / "listener", "44-1", "spec.json", "started.json", "exit.json")

    assert [*attempts_told(tmp_path, tmp_path / "listener")] == [
        "3 attempts here",
        "  42-1 not started",
        "  43-2 running",
        "  44-1 has ended; its report is due, or its directory is kept",
    ]


def test_an_agent_without_work_says_so(tmp_path: Path) -> None:
    assert [*attempts_told(tmp_path)] == ["0 attempts here"]
