"""``joborch submit``: queue one job, an array of jobs of the same files, or one job an item."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import typer

from joborch.cli import submit_options as opts
from joborch.cli.after import AFTER_FIELDS, After
from joborch.cli.contradictions import check_input, check_one, check_script
from joborch.cli.env_files import env_texts
from joborch.cli.errand import Errand, sentence
from joborch.cli.exclusion import Exclusion
from joborch.cli.exits import UsageError
from joborch.cli.fields import fields_of
from joborch.cli.items import Item, Sources
from joborch.cli.ledger import Ledger, kept, seen
from joborch.cli.session import Session
from joborch.cli.shell_patterns import EACH, EACH_DIR, sorted_out
from joborch.cli.staging import refuse_second_script
from joborch.cli.template import Filled, Template, tell_notes
from joborch.cli.typed_words import TypedWords, typed_words
from joborch.cli.wishes import Wishes
from joborch.domain.text import one_line
from joborch.wire.jobs import Submitted, SubmittedJob

EXAMPLES = """
joborch submit -s example run.sh 2oob.pdb
joborch submit -s example -w -- ./prodigy --threads 4 complex.pdb
joborch submit -s example -a 1-250 -- bash -c 'sleep 30; echo done > output.txt'
joborch submit -s example --each 'inputs/*.pdb' run.sh
joborch submit -s example --after b-31 summary.sh
joborch submit -s example --csv jobs.csv --ledger jobs.ledger run.sh
id=$(joborch submit -s example DIRECTORY)
"""
PLAN_FIELDS = ("item", "service", "user_id", "name", "begin", "env", "tags", "jobs", "files")
FIELDS = (*fields_of(SubmittedJob), *PLAN_FIELDS, *AFTER_FIELDS)


def submit(
    context: typer.Context,
    *,
    arguments: opts.Arguments = None,
    service: opts.Service = None,
    user: opts.User = None,
    name: opts.Name = None,
    priority: opts.Priority = None,
    tag: opts.Tags = None,
    env: opts.Env = None,
    env_file: opts.EnvFile = None,
    inputs: opts.Inputs = None,
    exclude: opts.Exclude = None,
    array: opts.Array = None,
    each: opts.Each = None,
    each_dir: opts.EachDirectory = None,
    each_line: opts.EachLine = None,
    csv: opts.Csv = None,
    jsonl: opts.Jsonl = None,
    ledger: opts.LedgerFile = None,
    jobs: opts.Parallel = 4,
    time_limit: opts.TimeLimit = None,
    max_attempts: opts.MaxAttempts = None,
    hold: opts.Hold = False,
    begin: opts.Begin = None,
    awaited: opts.Afters = None,
    awaited_any: opts.AfterAny = None,
    key: opts.Key = None,
    wait: opts.Wait = False,
    follows: opts.Follow = False,
    fetch: opts.Fetch = None,
    fail_fast: opts.FailFast = False,
    propagate: opts.Propagate = False,
    cancel_on_interrupt: opts.CancelOnInterrupt = False,
    dry_run: opts.DryRun = False,
    sbatch: opts.Sbatch = False,
) -> None:
    """Queue one job, an array of jobs, or one job an item."""
    session = Session.of(context, fields=FIELDS)
    sources = Sources(
        each=each or (), each_dir=each_dir or (), each_line=each_line, csv=csv, jsonl=jsonl
    )
    has_command = context.meta["joborch.tail"] is not None
    left_out = Exclusion(exclude or ())
    if has_command:  # or the words of a pattern would be blamed for it
        refuse_second_script(arguments or [], left_out)
    if each or each_dir:
        meant = sorted_out(_typed(context), sources, has_command=has_command)
        arguments, sources = meant.arguments, meant.sources
    check_input(arguments or [], sources, inputs or [], [*(awaited or []), *(awaited_any or [])])
    wishes = Wishes(
        service=service,
        user=user,
        name=name,
        priority=priority,
        tags=tag or (),
        env=[*env_texts(env_file or []), *(env or [])],
        inputs=inputs or (),
        time_limit=time_limit,
        max_attempts=max_attempts,
        array=array,
        begin=begin,
        after=awaited or (),
        after_any=awaited_any or (),
        is_held=hold,
        key=key,
    )
    after = After(
        is_waiting=wait,
        is_following=follows,
        into=fetch,
        is_fail_fast=fail_fast,
        is_propagating=propagate,
        cancels_on_interrupt=cancel_on_interrupt,
    )
    items = sources.read(left_out) if sources.named else None
    template = Template.read(
        context,
        arguments or [],
        wishes,
        exclude=left_out,
        reads_sbatch=sbatch,
        needs_script=items is None or not any(i.directory or i.inputs for i in items),
    )
    check_one(template.wishes, after, sources)
    if not has_command:
        check_script(arguments or [], items or ())
    if ledger and items is None:
        raise UsageError(
            "--ledger is for --each, --each-dir, --each-line, --csv and --jsonl",
            hint="--key TEXT makes a single submission repeatable",
        )
    if items is None:
        _submit_one(session, template, after, is_rehearsal=dry_run)
    else:
        _submit_many(
            session, template, items, after, ledger=ledger, parallel=jobs, is_rehearsal=dry_run
        )


def _typed(context: typer.Context) -> TypedWords:
    """Return the arguments with what they stand behind."""
    valued = {
        name
        for option in context.command.params
        if not (getattr(option, "is_flag", False) or getattr(option, "count", False))
        for name in option.opts
    }
    return typed_words(context.meta["joborch.words"], watched={EACH, EACH_DIR}, valued=valued)


def _submit_one(session: Session, template: Template, after: After, *, is_rehearsal: bool) -> None:
    filled = template.alone()
    tell_notes(session, template, [filled.staged])
    if is_rehearsal:
        _rehearse(session, [filled], is_many=False, ledger=Ledger(session.settings.server))
        return
    Errand(session=session, filled=filled, after=after, tell=_tell).carry_out()


def _submit_many(
    session: Session,
    template: Template,
    items: Sequence[Item],
    after: After,
    *,
    ledger: str | None,
    parallel: int,
    is_rehearsal: bool,
) -> None:
    from joborch.cli.fan_out import FanOut
    from joborch.cli.pieces import fill_in

    filled = fill_in(template, items)
    tell_notes(session, template, [each.staged for each in filled])
    server = session.settings.server
    if is_rehearsal:
        known = seen(Path(ledger), server) if ledger else Ledger(server)
        _rehearse(session, filled, is_many=True, ledger=known)
        return
    opened: AbstractContextManager[Ledger] = (
        kept(Path(ledger), server) if ledger else nullcontext(Ledger(server))
    )
    with opened as book:
        FanOut(
            session=session,
            filled=filled,
            after=after,
            ledger=book,
            ledger_name=ledger,
            parallel=parallel,
        ).carry_out()


def _rehearse(session: Session, filled: Sequence[Filled], *, is_many: bool, ledger: Ledger) -> None:
    from joborch.cli.rehearsal import rehearse

    plan = session.run(lambda orchestrator: rehearse(session, orchestrator, filled, ledger))
    plan.tell(session.output, begin_with_label=is_many)


def _tell(errand: Errand, submitted: Submitted) -> None:
    output = errand.session.output
    if output.is_json:
        output.document(submitted)
    elif output.is_for_programs:
        for job in submitted.jobs:
            output.line(str(job.id))
    else:
        output.line(one_line(sentence(submitted)))
