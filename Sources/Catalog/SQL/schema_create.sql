CREATE SCHEMA "schema_name"
