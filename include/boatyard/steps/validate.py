"""validate: what the spec expects of a training set, before any job starts."""

from boatyard.spec import ModelSpec
from boatyard.steps import locations
from boatyard.steps.point_in_time import columns
from boatyard.steps.run import Request, RunContext

RESULT = ("success", "failed", "warnings", "result_uri", "data_docs_uri")


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return the table, its columns and the checks as the spec has them; ranges are expanded when they are carried out.

    Great Expectations makes Athena's queries of them.
    """
    validation = {
        "Database": run.result("training_set", "database"),
        "Table": run.result("training_set", "table"),
        "Rows": run.result("training_set", "rows"),
        "Columns": [column.name for column in columns(spec)],
        "Suite": spec.name,
        "Expectations": [dict(item) for item in spec.checks],
        "OutputLocation": locations.own(spec, run, "validate", ""),
    }
    return (Request("boatyard", "Validate", validation),)
