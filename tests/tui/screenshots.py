"""Draws every screen of ``joborch top``, over a made-up site, as SVG into ``docs/screens/``."""

import asyncio
import os
import re
import sys
import time
from pathlib import Path

from tests.tui.a_site import a_busy_source
from tests.tui.stage import on_stage
from tests.tui.test_frames import STORIES

FONT_FROM_AFAR = re.compile(r"@font-face \{[^}]*\}\s*")
"""A page that shows the picture is not to ask another host for anything."""
SIZE, WIDE = (100, 30), (180, 50)
UNSHOWN = {"marked", "sorting", "paused"}
SHOWN = {name: SIZE for name in STORIES if name not in UNSHOWN} | {"wide": WIDE}


async def draw(name: str, size: tuple[int, int], into: Path) -> None:
    """Play a screen's story, and keep what is to be seen in the end."""
    source = a_busy_source()
    source.known[1462].name = "näher-dran"  # a browser's font may have no Chinese, or not as wide
    async with on_stage(source, size=size) as stage:
        await stage.sees("live")
        await STORIES.get(name, STORIES["jobs"])(stage, source)
        await stage.settles()
        svg = stage.app.export_screenshot(title="joborch top", simplify=True)
    (into / f"{name}.svg").write_text(FONT_FROM_AFAR.sub("", svg))


def main(into: Path) -> None:
    """Draw them all."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    for name, size in SHOWN.items():
        asyncio.run(draw(name, size, into))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
