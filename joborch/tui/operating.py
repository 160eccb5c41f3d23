"""What an operator does: pausing services, forgetting agents, and whether anything may change."""

from dataclasses import replace

from textual import on

from joborch.domain.text import one_line
from joborch.tui.acting import ActingApp
from joborch.tui.dialogs.confirm import ConfirmDialog
from joborch.tui.dialogs.prompt import PromptDialog
from joborch.tui.messages import PauseWanted, RemovalWanted
from joborch.tui.news import News
from joborch.wire.services import ServiceView


class OperatingApp(ActingApp):
    """The part of the dashboard that changes services and agents; each question comes first."""

    @on(PauseWanted)
    def ask_to_pause(self, message: PauseWanted) -> None:
        """Let a person say why a service starts no more jobs, or confirm that it starts them."""
        if not self._may_act():
            return
        service = message.service
        if service.paused:
            self._ask_to_resume(service)
            return
        name = one_line(service.name)

        def answered(typed: str | None) -> None:
            if typed is not None:
                self._ask_whether_to_pause(service, typed or None)

        leaving = self.desk.look.keymap.leaving("prompt.close")
        dialog = PromptDialog(
            f"Pause {name}: why?",
            f"Those whose jobs wait are told; it may be left empty. {leaving} leaves it as it is.",
        )
        self.push_screen(dialog, answered)

    @on(RemovalWanted)
    def ask_to_remove(self, message: RemovalWanted) -> None:
        """Have an agent's name typed before it is forgotten."""
        if not self._may_act():
            return
        agent, source = message.agent, self.desk.source
        name = one_line(agent.name)
        if agent.state != "down" or agent.active:
            told = f"nothing to remove: {name} is not down, or holds jobs"
            self.notify(told, severity="warning", markup=False)
            return

        async def remove() -> str:
            await source.remove_agent(agent.id)
            return f"removed the agent {name}"

        dialog = ConfirmDialog(
            f"Forget {name} for good?",
            "Jobs that it ran keep its name. If it comes back, it is taken for a new one.",
            yes="Remove it",
            no="Leave it",
            guard_s=self.desk.look.guard_s,
            keymap=self.desk.look.keymap,
            demanded=name,
        )
        self._do(remove, dialog)

    def let_change(self, may: bool) -> None:
        """Let nothing be changed any more; or something again, once it was typed where."""
        look = self.desk.look
        if not may or not look.is_read_only:
            self._let_change(may)
            return
        if self.is_web:
            self.notify("not from a browser: its server says what may be changed")
            return
        place = look.profile or self.desk.source.server

        def answered(is_yes: bool | None) -> None:
            if is_yes:
                self._let_change(True)

        cancel = look.keymap.first("job.cancel")
        dialog = ConfirmDialog(
            "Let changes happen?",
            f"Until :ro, or the end, keys like {cancel} act on the jobs of this server.",
            yes="Let them",
            no="Read only",
            guard_s=look.guard_s,
            keymap=look.keymap,
            demanded=place,
        )
        self.push_screen(dialog, answered)

    def _let_change(self, may: bool) -> None:
        self.desk.look = replace(self.desk.look, is_read_only=not may)
        self.screen.refresh_bindings()
        self.spread(News())
        self.notify(
            "changes are sent again" if may else "read-only: nothing is changed from now on"
        )

    def _ask_whether_to_pause(self, service: ServiceView, reason: str | None) -> None:
        source, by, name = self.desk.source, self.desk.look.user_id, one_line(service.name)

        async def pause() -> str:
            await source.pause_service(service.name, reason, by=by)
            return f"{name} starts no more jobs"

        effect = f"It starts none of the {service.queued} jobs that wait until it is resumed."
        goes_on = "What runs goes on, and jobs are still accepted."
        self._do(pause, self._question(f"Pause {name}?", f"{effect}\n{goes_on}", "Pause it"))

    def _ask_to_resume(self, service: ServiceView) -> None:
        source, name = self.desk.source, one_line(service.name)

        async def resume() -> str:
            await source.resume_service(service.name)
            return f"{name} starts jobs again"

        effect = f"It starts jobs again at once; {service.queued} wait."
        self._do(resume, self._question(f"Resume {name}?", effect, "Resume it"))

    def _question(self, title: str, effect: str, yes: str) -> ConfirmDialog:
        look = self.desk.look
        return ConfirmDialog(
            title, effect, yes=yes, no="Leave it", guard_s=look.guard_s, keymap=look.keymap
        )
