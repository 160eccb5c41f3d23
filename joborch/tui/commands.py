"""Everything that a key does, declared once: for the bindings, the footer and the help."""

from collections.abc import Sequence

from textual.binding import Binding

from joborch.tui.command import Command

EVERYWHERE = (
    Command(id="app.jobs", keys="1", action="app.show('jobs')", label="", text="jobs"),
    Command(id="app.users", keys="2", action="app.show('users')", label="", text="users, quotas"),
    Command(id="app.agents", keys="3", action="app.show('agents')", label="", text="agents"),
    Command(id="app.services", keys="4", action="app.show('services')", label="", text="services"),
    Command(
        id="app.throughput", keys="5", action="app.show('throughput')", label="", text="throughput"
    ),
    Command(id="app.events", keys="6", action="app.show('events')", label="", text="events"),
    Command(
        id="app.pause",
        keys="P",
        action="app.pause",
        label="pause",
        text="pause, or go on",
        gives_way=5,
    ),
    Command(
        id="app.earlier",
        keys="left_square_bracket",
        action="app.step(-1)",
        label="",
        text="an event back, paused",
    ),
    Command(
        id="app.later",
        keys="right_square_bracket",
        action="app.step(1)",
        label="",
        text="an event on, paused",
    ),
    Command(
        id="app.minute_earlier",
        keys="left_curly_bracket",
        action="app.stride(-1)",
        label="",
        text="a minute back, paused",
    ),
    Command(
        id="app.minute_later",
        keys="right_curly_bracket",
        action="app.stride(1)",
        label="",
        text="a minute on, paused",
    ),
    Command(id="app.retry", keys="r,ctrl+r", action="app.retry", label="", text="ask anew, now"),
    Command(
        id="app.help", keys="question_mark,f1", action="app.help", label="help", text="this help"
    ),
    Command(
        id="app.command",
        keys="colon",
        action="app.command",
        label="command",
        text="type a command",
        gives_way=9,
    ),
    Command(
        id="app.palette",
        keys="ctrl+p",
        action="app.command_palette",
        label="palette",
        text="all actions",
        gives_way=10,
    ),
    Command(
        id="app.last",
        keys="minus,grave_accent",
        action="app.last",
        label="",
        text="last screen",
    ),
    Command(id="app.back", keys="escape", action="app.back", label="", text="back, step by step"),
    Command(
        id="app.quit",
        keys="q,f10,ctrl+q,ctrl+c",
        action="app.quit_or_back",
        label="quit",
        text="back, or quit",
    ),
    Command(
        id="app.shell", keys="exclamation_mark", action="app.shell", label="", text="a shell here"
    ),
    Command(
        id="app.suspend",
        keys="ctrl+z",
        action="app.suspend_process",
        label="",
        text="suspend; fg comes back",
    ),
)
TURNING = (
    Command(id="screen.next", keys="tab", action="app.turn(1)", label="", text="next screen"),
    Command(
        id="screen.previous",
        keys="shift+tab",
        action="app.turn(-1)",
        label="",
        text="screen before",
    ),
)
"""Of screens, since the framework gives these keys to them, and no app is asked."""
TABLE = (
    Command(id="table.down", keys="j,down", action="move(1)", label="", text="down"),
    Command(id="table.up", keys="k,up", action="move(-1)", label="", text="up"),
    Command(id="table.page_down", keys="ctrl+d,pagedown", action="page(1)", label="", text="page"),
    Command(id="table.page_up", keys="ctrl+u,pageup", action="page(-1)", label="", text="page up"),
    Command(id="table.top", keys="g,home", action="jump(0)", label="", text="first"),
    Command(id="table.end", keys="G,end", action="jump(-1)", label="", text="last"),
    Command(
        id="table.right", keys="right", action="shift(1)", label="", text="columns to the right"
    ),
    Command(id="table.left", keys="left", action="shift(-1)", label="", text="to the left"),
    Command(id="table.open", keys="enter,d", action="open", label="open", text="open"),
)
DEEDS = (
    Command(
        id="job.cancel",
        keys="x,f9",
        action="do('cancel')",
        label="cancel",
        text="cancel marked, or this",
        changes=True,
    ),
    Command(
        id="job.retry",
        keys="R",
        action="do('retry')",
        label="retry",
        text="retry",
        changes=True,
        gives_way=2,
    ),
    Command(
        id="job.priority",
        keys="p",
        action="priority",
        label="prio",
        text="set the priority",
        changes=True,
        gives_way=3,
    ),
    Command(id="job.raise", keys="plus", action="nudge(10)", label="", text="+10", changes=True),
    Command(id="job.lower", keys="minus", action="nudge(-10)", label="", text="-10", changes=True),
    Command(
        id="job.hold",
        keys="H",
        action="do('hold')",
        label="hold",
        text="hold",
        changes=True,
        gives_way=7,
    ),
    Command(
        id="job.release",
        keys="U",
        action="do('release')",
        label="release",
        text="release",
        changes=True,
        gives_way=8,
    ),
)
AT_HAND = (
    Command(id="job.log", keys="l", action="log", label="log", text="follow the log"),
    *DEEDS,
    Command(
        id="job.explain", keys="e", action="explain", label="why", text="why it waits", gives_way=11
    ),
    Command(id="job.fetch", keys="o", action="fetch", label="", text="fetch results to ..."),
    Command(id="job.copy", keys="y", action="copy", label="copy", text="copy the id", gives_way=13),
    Command(id="job.repeat", keys="Y", action="repeat", label="", text="copy a command like it"),
    Command(id="job.document", keys="J", action="document", label="", text="as JSON"),
)
JOBS = (
    Command(id="jobs.filter", keys="slash,f3,f4", action="filter", label="filter", text="filter"),
    Command(
        id="jobs.sort",
        keys="s,f6",
        action="sort",
        label="sort",
        text="sort by a column",
        gives_way=4,
    ),
    Command(id="jobs.invert", keys="I", action="invert", label="", text="sort the other way"),
    Command(
        id="jobs.scope",
        keys="f",
        action="scope",
        label="",
        text="active, recent or all",
    ),
    Command(id="jobs.mine", keys="a", action="mine", label="", text="mine, or everyone's"),
    Command(
        id="jobs.group",
        keys="t",
        action="group",
        label="group",
        text="batch by batch, ...",
        gives_way=12,
    ),
    Command(id="jobs.fold", keys="T", action="fold", label="", text="fold all groups"),
    Command(id="jobs.columns", keys="c", action="columns", label="", text="choose columns"),
)
MARKS = (
    Command(id="jobs.menu", keys="M", action="menu", label="", text="menu, as a right click"),
    Command(id="jobs.mark", keys="space", action="mark", label="mark", text="mark", gives_way=6),
    Command(id="jobs.range", keys="V", action="mark_range", label="", text="mark from the last"),
    Command(
        id="jobs.mark_all", keys="asterisk", action="mark_all", label="", text="mark all shown"
    ),
    Command(id="jobs.unmark", keys="backslash", action="unmark", label="", text="clear the marks"),
)
JOB = (
    Command(id="detail.down", keys="j,down", action="scroll(1)", label="", text="down"),
    Command(id="detail.up", keys="k,up", action="scroll(-1)", label="", text="up"),
    Command(
        id="detail.page_down", keys="ctrl+d,pagedown", action="scroll(10)", label="", text="page"
    ),
    Command(
        id="detail.page_up", keys="ctrl+u,pageup", action="scroll(-10)", label="", text="page up"
    ),
)
LOG_VIEW = (
    Command(id="log.follow", keys="f", action="follow", label="follow", text="follow the end"),
    Command(
        id="log.wrap", keys="w", action="wrap", label="wrap", text="wrap long lines", gives_way=2
    ),
    Command(
        id="log.stream",
        keys="o",
        action="stream",
        label="out/err",
        text="stdout, stderr or both",
        gives_way=3,
    ),
    Command(id="log.down", keys="j,down", action="move(1)", label="", text="down"),
    Command(id="log.up", keys="k,up", action="move(-1)", label="", text="up"),
    Command(id="log.right", keys="right", action="shift(8)", label="", text="to the right"),
    Command(id="log.left", keys="left", action="shift(-8)", label="", text="to the left"),
    Command(
        id="log.page_down", keys="ctrl+d,pagedown", action="page(1)", label="", text="page down"
    ),
    Command(id="log.page_up", keys="ctrl+u,pageup", action="page(-1)", label="", text="page up"),
    Command(id="log.top", keys="g,home", action="jump(0)", label="top", text="first line"),
    Command(id="log.end", keys="G,end", action="jump(-1)", label="end", text="last, and follow"),
)
LOG = (
    Command(id="log.search", keys="slash,f3", action="search", label="search", text="search"),
    Command(id="log.next", keys="n", action="next(1)", label="", text="next match"),
    Command(id="log.previous", keys="N", action="next(-1)", label="", text="match before"),
    Command(
        id="log.save", keys="S", action="save", label="save", text="save what is shown", gives_way=6
    ),
    Command(
        id="log.copy",
        keys="y",
        action="copy",
        label="copy",
        text="copy what is in sight",
        gives_way=13,
    ),
)
AGENTS = (
    Command(
        id="agent.drain",
        keys="D",
        action="drain",
        label="drain",
        text="drain, or resume",
        changes=True,
    ),
    Command(
        id="agent.remove",
        keys="X",
        action="remove",
        label="remove",
        text="forget one that is down",
        changes=True,
    ),
)
SERVICES = (
    Command(
        id="service.pause",
        keys="D",
        action="pause_service",
        label="pause it",
        text="pause, or resume",
        changes=True,
    ),
)
THROUGHPUT = (
    Command(id="window.longer", keys="w", action="window(1)", label="window", text="next window"),
    Command(id="window.shorter", keys="W", action="window(-1)", label="", text="window before"),
)
EVENTS = (
    Command(id="event.search", keys="slash,f3", action="search", label="search", text="search"),
    Command(id="event.next", keys="n", action="next(-1)", label="", text="next match"),
    Command(id="event.previous", keys="N", action="next(1)", label="", text="match before"),
)
CONFIRM = (
    Command(id="confirm.yes", keys="y", action="yes", label="", text="do it"),
    Command(id="confirm.no", keys="n,escape,enter,q", action="no", label="", text="leave it"),
)
CHOICE = (Command(id="choice.close", keys="escape,q", action="close", label="", text="close"),)
MENU = (Command(id="menu.close", keys="escape,q,M", action="close", label="", text="close"),)
COLUMNS = (
    Command(id="columns.toggle", keys="space", action="tick", label="", text="show, or hide"),
    Command(
        id="columns.down", keys="J,shift+down", action="move(1)", label="", text="move it down"
    ),
    Command(id="columns.up", keys="K,shift+up", action="move(-1)", label="", text="move it up"),
    Command(id="columns.close", keys="escape,q,c", action="close", label="", text="close"),
)
PROMPT = (Command(id="prompt.close", keys="escape", action="close", label="", text="leave it"),)
READING = (
    *JOB,
    Command(id="reading.close", keys="escape,q,enter", action="close", label="", text="close"),
)
HELP = (
    Command(
        id="help.close", keys="escape,q,question_mark,f1", action="close", label="", text="close"
    ),
)

GROUPS: dict[str, tuple[Command, ...]] = {
    "Everywhere": (*EVERYWHERE, *TURNING),
    "In a table": TABLE,
    "Jobs": (*AT_HAND, *JOBS, *MARKS),
    "Agents": AGENTS,
    "Services": SERVICES,
    "Throughput": THROUGHPUT,
    "Events": EVENTS,
    "Log": (*LOG_VIEW, *LOG),
    "Question": CONFIRM,
}
"""What the help lists."""
CHANGING = tuple(one for one in (*DEEDS, *AGENTS, *SERVICES) if one.changes)
"""What is not there in read-only mode."""
GIVES_WAY = {
    one.action: one.gives_way for group in GROUPS.values() for one in group if one.gives_way
}
"""Which hints go first where there is no room for all of them."""


def bindings(*groups: Sequence[Command]) -> list[Binding]:
    """Return the bindings of some commands."""
    return [command.binding for group in groups for command in group]
