"""What parts of the dashboard tell each other."""

from collections.abc import Sequence

from textual.message import Message

from joborch.client import LogRestarted
from joborch.tui.feed import News
from joborch.tui.job_facts import Facts
from joborch.wire.agents import AgentView
from joborch.wire.events import LogText
from joborch.wire.jobs import Explanation, JobView


class Changed(Message, bubble=False):
    """The picture has changed; sent to every screen that is open."""

    def __init__(self, news: News) -> None:
        super().__init__()
        self.news = news


class Highlighted(Message):
    """Another row of a table is selected, or none."""


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


class CancelWanted(Message):
    """These jobs, and no others, are to be cancelled once a person has confirmed it."""

    def __init__(self, job_ids: Sequence[int]) -> None:
        super().__init__()
        self.job_ids = tuple(job_ids)


class DrainWanted(Message):
    """An agent is to drain, or to take jobs again, once a person has confirmed it."""

    def __init__(self, agent: AgentView) -> None:
        super().__init__()
        self.agent = agent


class Explained(Message):
    """The server has said why a job waits."""

    def __init__(self, explanation: Explanation) -> None:
        super().__init__()
        self.explanation = explanation


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


class Done(Message):
    """Something has been done; ``text`` says what."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
