"""Items that come as records: the rows of a CSV file, the objects of a JSON Lines file."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from joborch.cli.exits import UsageError
from joborch.cli.items import Item

_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
MOST_TOLD = 10


def read_csv(text: str, source: str) -> list[Item]:
    """Make an item of each row; the first line names the columns.

    Raises:
        UsageError: naming the columns and rows that are wrong.
    """
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    mistakes: list[str] = []
    items: list[Item] = []
    try:
        columns = [column.strip() for column in next(rows, [])]
        mistakes += [f"{source} line 1: {m}" for m in _wrong_columns(columns)]
        for row in rows:
            if row and len(row) != len(columns):
                wrong = f"{len(row)} values for {len(columns)} columns"
                mistakes.append(f"{source} line {rows.line_num}: {wrong}")
            elif row:
                items.append(_item(dict(zip(columns, row, strict=True))))
    except csv.Error as error:
        mistakes.append(f"{source} line {rows.line_num}: {error}")
    _refuse(mistakes)
    return items


def read_jsonl(text: str, source: str) -> list[Item]:
    """Make an item of each object, one a line.

    ``name priority files env tags key`` are about the job; all else is a column.

    Raises:
        UsageError: naming every line that is wrong.
    """
    mistakes: list[str] = []
    items: list[Item] = []
    keys: set[str] = set()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            item = _item_of(json.loads(line))
            if item.key in keys:
                raise ValueError(f"key {item.key!r} is there twice")  # noqa: TRY301 - as the others
            keys |= {item.key} if item.key else set()
            items.append(item)
        except ValueError as error:
            mistakes.append(f"{source} line {number}: {error}")
    _refuse(mistakes)
    return items


def _item_of(record: object) -> Item:
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one kind for all that is wrong
    record = dict(record)
    key, name, priority = _text(record, "key"), _text(record, "name"), _priority(record)
    inputs, tags, env = _texts(record, "files"), _pairs(record, "tags"), _pairs(record, "env")
    columns = {name: _scalar(name, value) for name, value in record.items() if value is not None}
    if wrong := _wrong_columns(list(columns)):
        raise ValueError("; ".join(wrong))
    return Item(
        label=key or _label({**columns, **env, **({"files": " ".join(inputs)} if inputs else {})}),
        fields=columns,
        env={**columns, **env},
        inputs=inputs,
        tags=tags,
        name=name,
        priority=priority,
        key=key,
    )


def _item(columns: Mapping[str, str]) -> Item:
    return Item(label=_label(columns), fields=columns, env=columns)


def _label(columns: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in columns.items())


def _wrong_columns(columns: Sequence[str]) -> list[str]:
    if len(set(columns)) != len(columns):
        return ["a column is there twice"]
    return [
        f"column {name!r} cannot be a variable's name"
        for name in columns
        if not _COLUMN.fullmatch(name)
    ]


def _scalar(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"{name} is neither a text nor a number")


def _text(record: dict[str, Any], name: str) -> str | None:
    value = record.pop(name, None)
    return None if value is None else _scalar(name, value)


def _texts(record: dict[str, Any], name: str) -> list[str]:
    values = record.pop(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name} is not a list of texts")
    return values


def _pairs(record: dict[str, Any], name: str) -> dict[str, str]:
    values = record.pop(name, {})
    if not isinstance(values, dict):
        raise ValueError(f"{name} is not an object")  # noqa: TRY004 - as the others
    return {key: _scalar(f"{name}.{key}", value) for key, value in values.items()}


def _priority(record: dict[str, Any]) -> int | None:
    value = record.pop("priority", None)
    if value is not None and (type(value) is not int or not 0 <= value <= 100):
        raise ValueError("priority is not a whole number from 0 to 100")
    return value


def _refuse(mistakes: Sequence[str]) -> None:
    if mistakes:
        more = len(mistakes) - MOST_TOLD
        raise UsageError(*mistakes[:MOST_TOLD], *([f"and {more} more"] if more > 0 else []))
