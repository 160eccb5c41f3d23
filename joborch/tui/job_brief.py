"""The facts about one job where there is little room: short ones share a line, files have one."""

from collections.abc import Iterable, Iterator

from rich.cells import cell_len

from joborch.domain.text import one_line
from joborch.tui.formatting import fit, size
from joborch.tui.job_facts import (
    LABEL,
    Facts,
    course_of,
    environment_of,
    files_of,
    history_of,
    line,
    standing_of,
    waits_of,
)
from joborch.tui.look import Look
from joborch.tui.widgets.lines import Part

GAP = 2


def brief(facts: Facts, look: Look, width: int) -> Iterator[list[Part]]:
    """Write what matters first; what there is no room for is on the job's own screen."""
    yield from _paired([*standing_of(facts.job, look), *course_of(facts, look)], width)
    dot = f" {look.glyphs.dot} "
    for kind, label in (("input", "inputs"), ("result", "files")):
        found = [f"{one_line(f.name)} {size(f.size_bytes)}" for f in files_of(facts.files, kind)]
        if found:
            yield line(label, dot.join(found))
    yield line("repeat", facts.repeat.line)
    yield [""]
    yield from waits_of(facts)
    yield from history_of(facts, look)
    yield from environment_of(facts)


def _paired(facts: Iterable[tuple[str, str]], width: int) -> Iterator[list[Part]]:
    """Put two facts that follow each other into a line, if each has room in half of it."""
    half = (width - GAP) // 2
    first: tuple[str, str] | None = None
    for fact in facts:
        is_short = LABEL + cell_len(one_line(fact[1])) <= half
        if first and is_short:
            label, text = line(*first)
            yield [label, f"{fit(str(text), half - LABEL)}{'':{GAP}}", *line(*fact)]
            first = None
            continue
        if first:
            yield line(*first)
        first = fact if is_short else None
        if not is_short:
            yield line(*fact)
    if first:
        yield line(*first)
