"""How Alembic reaches the database; it is called by ``store/schema.py``."""

from alembic import context
from sqlalchemy import create_engine, pool

from joborch.server.store.tables import JOBS


def _run() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    engine = create_engine(str(url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=JOBS.metadata,
            render_as_batch=True,
        )
        with context.begin_transaction():
            context.run_migrations()


_run()
