"""Everything a migration can make, read off the catalogs as lines of text that two databases can be compared by."""

from __future__ import annotations

from tripoint.database import Transaction

_QUERIES = {
    "relation": """
        select relname, relkind, relpersistence, coalesce(reloptions::text, ''), relispartition,
               pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid), obj_description(oid, 'pg_class')
        from pg_class where relnamespace = 'public'::regnamespace and relkind <> 'i'
    """,
    "column": """
        select c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
               a.attgenerated, (select collname from pg_collation where oid = a.attcollation), a.attstorage,
               pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
        from pg_attribute as a
        join pg_class as c on c.oid = a.attrelid
        left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0
          and not a.attisdropped
    """,
    "constraint": """
        select conrelid::regclass::text, conname, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint')
        from pg_constraint where connamespace = 'public'::regnamespace
    """,
    "index": """
        select indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisclustered, obj_description(indexrelid, 'pg_class')
        from pg_index join pg_class on pg_class.oid = indexrelid where relnamespace = 'public'::regnamespace
    """,
    "view": "select viewname, definition from pg_views where schemaname = 'public'",
    "sequence": """
        select sequencename, data_type::text, start_value, min_value, max_value, increment_by, cycle
        from pg_sequences where schemaname = 'public'
    """,
    "function": """
        select proname, pg_get_functiondef(oid), obj_description(oid, 'pg_proc')
        from pg_proc where pronamespace = 'public'::regnamespace and prokind in ('f', 'p')
    """,
    "trigger": "select tgrelid::regclass::text, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal",
    "type": """
        select typname, typtype, array(select enumlabel from pg_enum where enumtypid = t.oid order by enumsortorder)::text
        from pg_type as t where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
    """,
}


def catalog(tx: Transaction) -> set[str]:
    """One line for each object and column; the runner's own table is left out."""
    lines = {
        f"{kind}: {' | '.join(str(value) for value in row.values())}"
        for kind, query in _QUERIES.items()
        for row in tx.rows(query.replace("%", "%%"))  # type: ignore[arg-type]
    }
    return {line for line in lines if not line.partition(": ")[2].startswith("migrations")}
