"""How Alembic reaches the database; it is called by ``store/schema.py``.

All that is missing is done in one transaction. By itself Python's driver would put no change of a
table into any, so that whatever interrupts a migration would leave half a schema behind.
"""

from alembic import context
from sqlalchemy import Connection, create_engine, event, pool

from joborch.server.store.tables import JOBS


def _run() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    by_hand = {"isolation_level": None}
    engine = create_engine(str(url), poolclass=pool.NullPool, connect_args=by_hand)
    event.listen(engine, "begin", _begin)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=JOBS.metadata,
            render_as_batch=True,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


_run()
