"""Great Expectations over Athena: pushed down, in few queries, on a table that is never copied.

Its import takes seconds, so nothing here is imported before a validation runs.
"""
