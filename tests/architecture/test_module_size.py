"""No module of joborch is so long that a reader gets lost in it."""

from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
WARNING_LINES = 250
FAILURE_LINES = 400


def lines_by_module(root: Path) -> dict[str, int]:
    return {
        str(path.relative_to(root)): len(path.read_text(encoding="utf-8").splitlines())
        for path in sorted((root / "joborch").rglob("*.py"))
    }


def longer_than(limit: int, lines: Mapping[str, int]) -> list[str]:
    return [f"{module}: {count} lines" for module, count in lines.items() if count > limit]


def test_no_module_is_longer_than_the_limit() -> None:
    lines = lines_by_module(ROOT)
    print("getting long:", *longer_than(WARNING_LINES, lines), sep="\n  ")  # noqa: T201
    assert longer_than(FAILURE_LINES, lines) == []


def test_a_module_that_is_too_long_is_found(tmp_path: Path) -> None:
    (tmp_path / "joborch" / "cli").mkdir(parents=True)
    (tmp_path / "joborch" / "cli" / "long.py").write_text("x = 1\n" * (FAILURE_LINES + 1))
    (tmp_path / "joborch" / "fits.py").write_text("x = 1\n" * FAILURE_LINES)
    found = longer_than(FAILURE_LINES, lines_by_module(tmp_path))
    assert found == ["joborch/cli/long.py: 401 lines"]
