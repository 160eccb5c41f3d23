"""Makes the tables of a new database, and changes those of an old one, each in one transaction.

By itself Python's driver would put no change of a table into any, so that whatever interrupts it
would leave half a schema behind.
"""

from sqlalchemy import URL, Connection, Engine, create_engine, event, pool

from joborch.server.store.tables import JOBS

VERSION_TABLE = (
    "CREATE TABLE alembic_version (\n\tversion_num VARCHAR(32) NOT NULL, \n\t"
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n)"
)
"""As Alembic makes it."""


def create(database: str, version: str) -> None:
    """Make all tables of the newest schema, or none, and say which version it is.

    A test compares them with what the migrations make one after the other. Loading Alembic to
    run those takes longer than all else that a first start does.
    """
    engine = connect(URL.create("sqlite", database=database))
    try:
        with engine.begin() as connection:
            JOBS.metadata.create_all(connection)
            connection.exec_driver_sql(VERSION_TABLE)
            connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (version,))
    finally:
        engine.dispose()


def connect(url: URL | str) -> Engine:
    """Make an engine that does all that is done at once in one transaction."""
    by_hand = {"isolation_level": None}
    engine = create_engine(url, poolclass=pool.NullPool, connect_args=by_hand)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
