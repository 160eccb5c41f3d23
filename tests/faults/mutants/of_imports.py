"""What an import does not take from an original, nor do to it."""

from tests.faults.mutants.mutant import Mutant

FINDS, MAIN = "joborch/server/importing/finds.py", "joborch/server/importing/main.py"
IN_IMPORT = "tests/server/importing/test_import.py::"

MUTANTS = (
    Mutant(
        name="import-of-whole-results",
        guards="an archive that was cut off is taken for a job's results",
        path=FINDS,
        old="    return flaw_of(path) if _lies_in(data, path)",
        new="    return None if _lies_in(data, path)",
        tests=(f"{IN_IMPORT}test_what_is_no_whole_archive_is_not_taken_for_results",),
    ),
    Mutant(
        name="import-within-the-source",
        guards="links have an import copy files of the host",
        path=FINDS,
        old="    return data.resolve() in path.resolve().parents",
        new="    return data in path.parents",
        tests=(f"{IN_IMPORT}test_results_that_are_a_link_out_of_the_directory_are_left_out",),
    ),
    Mutant(
        name="import-beside-the-source",
        guards="joborch's files get among the original's",
        path=MAIN,
        old="    _demand_apart(into, data)\n    if",
        new="    if",
        tests=(f"{IN_IMPORT}test_nothing_is_imported_into_the_originals_own_directory",),
    ),
)
