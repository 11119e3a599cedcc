"""PostgreSQL behind one face: embedded by default, by URL in service; one dialect from laptop to cluster.

It keeps what DESIGN.md asks of durability: one connection, one transaction, whole sets in and out by COPY.
"""

from tripoint.database.connection import Database
from tripoint.database.migration import migrate, migration_status
from tripoint.database.reviving import Revival, Reviver
from tripoint.database.settings import DatabaseSettings
from tripoint.database.statements import Statement, Statements
from tripoint.database.supervisor import Supervisor
from tripoint.database.transaction import Row, Transaction

__all__ = [
    "Database",
    "DatabaseSettings",
    "Revival",
    "Reviver",
    "Row",
    "Statement",
    "Statements",
    "Supervisor",
    "Transaction",
    "migrate",
    "migration_status",
]
