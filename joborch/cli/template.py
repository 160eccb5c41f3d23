"""A submission with blanks: what its jobs have in common, to be filled in for each item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from joborch.cli.directives import HINT, Directives, read_directives
from joborch.cli.exclusion import Exclusion
from joborch.cli.exits import UsageError
from joborch.cli.expansion import fill, fill_all
from joborch.cli.items import Item
from joborch.cli.session import Session
from joborch.cli.staging import SCRIPT, Staged, script_of, stage
from joborch.cli.wishes import Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What is to be submitted, once, under the name that messages have for it."""

    label: str
    wishes: Wishes
    staged: Staged


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Files and wishes; the script's own ``#JOBORCH`` lines are in the wishes."""

    staged: Staged
    wishes: Wishes
    command: Sequence[str] | None
    exclude: Exclusion
    notes: tuple[str, ...]
    """About the script."""
    reads_sbatch: bool = False
    """Whether the scripts are Slurm's too: their ``#SBATCH`` lines count, and it sets variables."""

    @classmethod
    def read(
        cls,
        context: typer.Context,
        arguments: Sequence[str],
        wishes: Wishes,
        *,
        exclude: Exclusion,
        needs_script: bool = True,
        reads_sbatch: bool = False,
    ) -> "Template":
        """Stage what the command line names, and read what the script says.

        Raises:
            UsageError: if a file is missing or is none, or the script's directives are wrong.
        """
        command = context.meta["joborch.tail"]
        if command and reads_sbatch:
            raise UsageError("--sbatch reads the lines of a script, and this is a command line")
        staged = stage(arguments, command=command, exclude=exclude, needs_script=needs_script)
        said = _said(staged, None if command else _script_name(arguments), reads_sbatch)
        return cls(
            staged=staged,
            wishes=wishes.over(said.wishes),
            command=command,
            exclude=exclude,
            notes=said.notes,
            reads_sbatch=reads_sbatch,
        )

    def alone(self) -> Filled:
        """Return it as it is, for a submission without items."""
        for text in self.wishes.inputs:
            self.staged.add_input(text)
        self.staged.complete_script()
        self._wrap(self.staged, self.wishes)
        return Filled(label=self.staged.name or SCRIPT, wishes=self.wishes, staged=self.staged)

    def shared(self) -> "Template":
        """Return it with those inputs staged that are the same for all items."""
        staged, varying = self.staged.copy(), []
        for text in self.wishes.inputs:
            if "{" in text:
                varying.append(text)
            else:
                staged.add_input(text)
        return replace(self, staged=staged, wishes=replace(self.wishes, inputs=varying))

    def filled(self, item: Item) -> Filled:
        """Return what is to be submitted for an item.

        Raises:
            UsageError: for what is wrong with it.
        """
        staged = self._files(item)
        wishes = self.wishes
        if SCRIPT not in self.staged.files and SCRIPT in staged.files:
            said = _said(staged, f"{item.label}/{SCRIPT}", self.reads_sbatch).wishes
            wishes = wishes.over(said)
            for text in said.inputs:
                staged.add_input(fill_all(text, item.fields, "--input"))
        _refuse_array(wishes)
        staged.complete_script()
        wishes = _for(item, wishes, staged)
        self._wrap(staged, wishes)
        return Filled(label=item.label, wishes=wishes, staged=staged)

    def _wrap(self, staged: Staged, wishes: Wishes) -> None:
        """Put what sets Slurm's variables in front of a script of Slurm's."""
        if not self.reads_sbatch:
            return
        from joborch.cli.slurm import wrapper

        name = wishes.name or staged.name or Path(SCRIPT).stem
        staged.add(wrapper.SCRIPT, staged.files[SCRIPT])
        try:
            staged.files[SCRIPT] = wrapper.wrapper(name, array=wishes.array)
        except ValueError as error:
            raise UsageError(str(error)) from error

    def _files(self, item: Item) -> Staged:
        staged = self.staged.copy()
        if self.command is not None:
            staged.files[SCRIPT] = script_of([fill(word, item.fields) for word in self.command])
        if item.file is not None:
            staged.add(item.file.name, item.file)
        if item.directory is not None:
            staged.add_tree(item.directory, self.exclude)
        for text in self.wishes.inputs:
            staged.add_input(fill_all(text, item.fields, "--input"))
        for text in item.inputs:
            staged.add_input(text)
        return staged


def tell_notes(session: Session, template: Template, staged: Sequence[Staged]) -> None:
    """Say what the submitter should hear, each thing once."""
    warnings = [f"warning: {note}" for each in staged for note in each.notes]
    for note in dict.fromkeys([*template.notes, *template.exclude.notes, *warnings]):
        if session.settings.has_hints or not note.startswith(HINT):
            session.output.note(note)


def _for(item: Item, wishes: Wishes, staged: Staged) -> Wishes:
    """Fill the blanks; what the item itself says wins."""
    name = wishes.name and fill_all(wishes.name, item.fields, "--name")
    tags = [fill_all(tag, item.fields, "--tag") for tag in wishes.tags]
    env = [fill(text, item.fields) for text in wishes.env]
    return replace(
        wishes,
        name=item.name or name or staged.name or item.fields.get("stem"),
        priority=wishes.priority if item.priority is None else item.priority,
        tags=[*tags, *_texts(item.tags)],
        env=[*_texts(item.env), *env],
        inputs=(),
        key=item.key or (wishes.key and f"{wishes.key}#{item.fields['i']}"),
    )


def _texts(pairs: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in pairs.items()]


def _said(staged: Staged, name: str | None, reads_sbatch: bool) -> Directives:
    if name is None or SCRIPT not in staged.files:
        return Directives(wishes=Wishes())
    return read_directives(staged.files[SCRIPT], name, reads_sbatch=reads_sbatch)


def _script_name(arguments: Sequence[str]) -> str:
    if not arguments or arguments[0] == "-":
        return "standard input"
    script = Path(arguments[0])
    return str(script / SCRIPT if script.is_dir() else script)


def _refuse_array(wishes: Wishes) -> None:
    if wishes.array:
        raise UsageError(
            "--array is one submission, and each item would be one too",
            hint="leave one of them out",
        )
