"""How Alembic reaches the database; it is called by ``store/schema.py``.

All that is missing is done in one transaction.
"""

from alembic import context

from joborch.server.store.creating import connect
from joborch.server.store.tables import JOBS


def _run() -> None:
    with connect(str(context.config.get_main_option("sqlalchemy.url"))).connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=JOBS.metadata,
            render_as_batch=True,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()


_run()
