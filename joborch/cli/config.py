"""``joborch config``: what is set, where that comes from, and how to change it."""

from collections.abc import Callable, Mapping
from typing import Annotated, NoReturn

import typer

from joborch.cli.chosen import own_file, settings_of
from joborch.cli.editor import edited
from joborch.cli.exits import UsageError
from joborch.cli.options import Common
from joborch.cli.output import Output
from joborch.cli.tables import Column
from joborch.client.config_editing import (
    PROFILE,
    TEMPLATE,
    parse_key,
    set_key,
    unset_key,
    value_of,
    write_config,
)
from joborch.client.config_file import KEYS, TOP_KEYS
from joborch.client.known import Known
from joborch.domain.errors import NotFoundError, SettingsError
from joborch.domain.text import one_line

EXAMPLES = """
joborch config list
joborch config show-origin server
joborch config set server https://orch.example.org -P prod
joborch config set alias.mine 'status --state active'
joborch config set top.columns id,state,name,user,run
joborch config set top.keys.job.cancel X
joborch config use prod
joborch config unset profile.prod.user_id
joborch config edit
"""
KEYS_TOLD = (
    f"A KEY is one of {', '.join(KEYS)}: of the profile named with -P, or else of the defaults. In"
    f" full: defaults.KEY, profile.NAME.KEY, alias.NAME; of the dashboard {', '.join(TOP_KEYS)} as"
    " top.KEY, and top.keys.COMMAND."
)
WORDS = "list|get|set|unset|path|edit|use|show-origin"

Row = tuple[str, Known]


def config(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar=f"{WORDS} [KEY] [VALUE]", help=KEYS_TOLD)
    ] = None,
) -> None:
    """Show and change the configuration file.

    `list` shows what is in effect, from wherever it comes; `show-origin` says from where. `get`
    does so for one key, but what is named in full it takes from the file alone. Comments and order
    in the file are kept.
    """
    options = context.obj if isinstance(context.obj, Common) else Common()
    action, *rest = words or ["list"]
    if action not in ACTIONS:
        raise UsageError(f"config cannot {action!r}", hint=f"it can {', '.join(ACTIONS)}")
    act, arguments = ACTIONS[action]
    least = len([word for word in arguments.split() if not word.startswith("[")])
    if not least <= len(rest) <= len(arguments.split()):
        raise UsageError(f"say it like: joborch config {action} {arguments}".rstrip())
    act(_Config(options), *rest)


class _Config:
    """The file that is meant, and what to do with it."""

    def __init__(self, options: Common) -> None:
        self._options = options
        self._output = Output(options)
        self._path = own_file(options)

    def list(self) -> None:
        self._show(self._in_effect(), with_origin=False)

    def show_origin(self, key: str | None = None) -> None:
        known = self._in_effect()
        if key is not None and key not in known:
            self._nothing(key)
        self._show({key: known[key]} if key else known, with_origin=True)

    def get(self, key: str) -> None:
        if "." in key or self._options.profile:
            found = value_of(self._path, parse_key(key, profile=self._options.profile))
        else:
            parse_key(key)
            known = self._in_effect().get(key)
            found = known.text if known else None
        if found is None:
            self._nothing(key)
        if self._output.is_json:
            document = {"schema": "joborch.config/1", "key": key, "value": found}
            self._output.document(document)
        else:
            self._output.line(one_line(found))

    def set(self, key: str, value: str) -> None:
        path = parse_key(key, profile=self._options.profile)
        if path[0] == "alias":
            _refuse_useless_alias(path[1], value)
        set_key(self._path, path, value)

    def unset(self, key: str) -> None:
        if not unset_key(self._path, parse_key(key, profile=self._options.profile)):
            raise NotFoundError(f"{key} is not set in {self._path}")

    def edit(self) -> None:
        before = self._path.read_text() if self._path.exists() else TEMPLATE
        after = edited(before, beside=self._path)
        if after.text != before:
            try:
                write_config(self._path, after.text)
            except SettingsError as error:
                error.hint = f"what you wrote is in {after.copy}"
                raise
        after.copy.unlink()

    def use(self, profile: str) -> None:
        set_key(self._path, PROFILE, profile)

    def path(self) -> None:
        self._output.line(str(self._path))

    def _show(self, known: Mapping[str, Known], *, with_origin: bool) -> None:
        rows = sorted(known.items())
        items = [{"key": name, "value": one.text, "origin": one.origin} for name, one in rows]
        self._output.table(
            _columns(with_origin=with_origin),
            rows,
            document={"schema": "joborch.config/1", "path": str(self._path), "items": items},
            ids=lambda row: row[0],
        )

    def _in_effect(self) -> Mapping[str, Known]:
        settings = settings_of(self._options)
        for warning in settings.warnings:
            self._output.note(f"warning: {warning}")
        return settings.known

    def _nothing(self, key: str) -> NoReturn:
        raise NotFoundError(f"{key} is not set")


ACTIONS: dict[str, tuple[Callable[..., None], str]] = {
    "list": (_Config.list, ""),
    "get": (_Config.get, "KEY"),
    "set": (_Config.set, "KEY VALUE"),
    "unset": (_Config.unset, "KEY"),
    "path": (_Config.path, ""),
    "edit": (_Config.edit, ""),
    "use": (_Config.use, "PROFILE"),
    "show-origin": (_Config.show_origin, "[KEY]"),
}
"""What can be done, with its arguments."""


def _refuse_useless_alias(name: str, text: str) -> None:
    from joborch.cli.commands import COMMANDS

    if name in COMMANDS:
        raise UsageError(f"{name} is a command, which no alias can replace")
    if text.partition(" ")[0] not in COMMANDS:
        raise UsageError(f"{text!r} does not begin with a command", hint="see `joborch --help`")


def _columns(*, with_origin: bool) -> list[Column[Row]]:
    return [
        Column(name="key", head="KEY", text=lambda row: row[0], raw=lambda row: row[0]),
        Column(
            name="value", head="VALUE", text=lambda row: row[1].text, raw=lambda row: row[1].text
        ),
        Column(
            name="origin",
            head="FROM",
            text=lambda row: row[1].origin,
            raw=lambda row: row[1].origin,
            is_extra=not with_origin,
        ),
    ]
