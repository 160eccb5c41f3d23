"""What parts of the dashboard tell each other."""

from collections.abc import Sequence

from textual.geometry import Offset
from textual.message import Message

from joborch.client import LogRestarted
from joborch.tui.deeds import Deed
from joborch.tui.job_facts import Facts
from joborch.tui.news import News
from joborch.wire.agents import AgentView
from joborch.wire.events import EventPage, LogText
from joborch.wire.jobs import Explanation, JobView
from joborch.wire.services import ServiceView
from joborch.wire.statistics import Statistics


class Changed(Message, bubble=False):
    """The picture has changed; sent to every screen that is open."""

    def __init__(self, news: News) -> None:
        super().__init__()
        self.news = news


class RoomChanged(Message):
    """A part of a screen that is written for its size has another one."""


class Highlighted(Message):
    """Another row of a table is selected, or none."""


class Marked(Message):
    """Other jobs are marked than before."""


class FilterTyped(Message):
    """A filter was typed, and maybe finished."""

    def __init__(self, text: str, *, is_done: bool) -> None:
        super().__init__()
        self.text, self.is_done = text, is_done


class MenuWanted(Message):
    """The menu of what can be done with the selected job is to be opened at this cell."""

    def __init__(self, at: Offset) -> None:
        super().__init__()
        self.at = at


class ColumnsWanted(Message):
    """These columns were chosen, and are to be there the next time too."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = names


class Opened(Message):
    """The selected row of a table is to be opened."""


class HeadChosen(Message):
    """The title of a column was clicked."""

    def __init__(self, column: str) -> None:
        super().__init__()
        self.column = column


class JobsWanted(Message):
    """The list of jobs is to be shown, filtered."""

    def __init__(self, filter_text: str) -> None:
        super().__init__()
        self.filter_text = filter_text


class JobWanted(Message):
    """One job is to be shown in detail."""

    def __init__(self, job_id: int) -> None:
        super().__init__()
        self.job_id = job_id


class LogWanted(Message):
    """What a job writes is to be shown."""

    def __init__(self, job_id: int) -> None:
        super().__init__()
        self.job_id = job_id


class StateWanted(Message):
    """The jobs of one state are to be shown and no others, or all again if they are."""

    def __init__(self, state: str) -> None:
        super().__init__()
        self.state = state


class DeedWanted(Message):
    """Something is to be done to these jobs and no others, once a person has confirmed it.

    They are not chosen where the selection is on them, but nobody has put it there.
    """

    def __init__(self, deed: Deed, job_ids: Sequence[int], *, is_chosen: bool) -> None:
        super().__init__()
        self.deed, self.job_ids, self.is_chosen = deed, tuple(job_ids), is_chosen


class PriorityWanted(Message):
    """These jobs, and no others, are to get a priority that a person will type."""

    def __init__(self, job_ids: Sequence[int], *, is_chosen: bool) -> None:
        super().__init__()
        self.job_ids, self.is_chosen = tuple(job_ids), is_chosen


class FetchWanted(Message):
    """The results of these jobs are to be brought here."""

    def __init__(self, job_ids: Sequence[int]) -> None:
        super().__init__()
        self.job_ids = tuple(job_ids)


class KeepWanted(Message):
    """A text is to be written into a new file, whose name a person will type."""

    def __init__(self, what: str, name: str, text: str) -> None:
        super().__init__()
        self.what, self.name, self.text = what, name, text


class CopyWanted(Message):
    """A text is to go to the clipboard; ``what`` it is, and which command copies it."""

    def __init__(self, text: str, what: str, command_id: str) -> None:
        super().__init__()
        self.text, self.what, self.command_id = text, what, command_id


class DrainWanted(Message):
    """An agent is to drain, or to take jobs again, once a person has confirmed it."""

    def __init__(self, agent: AgentView) -> None:
        super().__init__()
        self.agent = agent


class RemovalWanted(Message):
    """An agent is to be forgotten, once a person has typed its name."""

    def __init__(self, agent: AgentView) -> None:
        super().__init__()
        self.agent = agent


class PauseWanted(Message):
    """A service is to start no more jobs, or to start them again, once a person has confirmed."""

    def __init__(self, service: ServiceView) -> None:
        super().__init__()
        self.service = service


class Explained(Message):
    """The server has said why a job waits."""

    def __init__(self, explanation: Explanation) -> None:
        super().__init__()
        self.explanation = explanation


class WhyKnown(Message):
    """The server has said why a job waits, which a person had asked for."""

    def __init__(self, explanation: Explanation) -> None:
        super().__init__()
        self.explanation = explanation


class RepeatKnown(Message):
    """The command that submits a job again is known."""

    def __init__(self, command: str) -> None:
        super().__init__()
        self.command = command


class FactsCame(Message):
    """The server has told everything about a job."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self.facts = facts


class LogCame(Message):
    """A job has written something, begun its log again, or ended."""

    def __init__(self, item: LogText | LogRestarted | JobView) -> None:
        super().__init__()
        self.item = item


class Refused(Message):
    """Something could not be done; ``text`` says why."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class EventsCame(Message):
    """The server has told what happened before an event, or with None last."""

    def __init__(self, before: int | None, page: EventPage) -> None:
        super().__init__()
        self.before, self.page = before, page


class Measured(Message):
    """The server has told how much was done in a window."""

    def __init__(self, window: str, statistics: Statistics) -> None:
        super().__init__()
        self.window, self.statistics = window, statistics


class Travelled(Message):
    """Another moment is shown, or the same as before and ``said`` is why."""

    def __init__(self, news: News, said: str) -> None:
        super().__init__()
        self.news, self.said = news, said


class Done(Message):
    """Something has been done; ``text`` says what."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
