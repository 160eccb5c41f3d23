"""All mutants."""

from tests.faults.mutants import (
    of_agent,
    of_client,
    of_files,
    of_imports,
    of_leases,
    of_runner,
    of_store,
)

MUTANTS = (
    *of_files.MUTANTS,
    *of_store.MUTANTS,
    *of_leases.MUTANTS,
    *of_agent.MUTANTS,
    *of_client.MUTANTS,
    *of_runner.MUTANTS,
    *of_imports.MUTANTS,
)
