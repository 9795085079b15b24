SELECT count(*), coalesce(sum(name = 'schema_versions'), 0) FROM sqlite_schema WHERE type = 'table'
