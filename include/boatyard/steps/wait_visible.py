"""wait_visible: the offline store lags, so wait until what ingest wrote can be queried."""

from boatyard.spec import FeatureGroupSpec, ModelSpec
from boatyard.steps import locations
from boatyard.steps.locations import Place
from boatyard.steps.run import INGEST_FIRST_EVENT_TIME, INGEST_LAST_EVENT_TIME, INGEST_RECORDS, Request, RunContext
from boatyard.steps.sql import group_table, literal, moment, moment_of, quoted


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return what tells how much was ingested, and the query that tells how much of it is visible.

    What counts is the records of the event times that the ingest job covers, whichever job wrote them: a second run
    writes nothing twice, and a retry writes only what the try before it did not.
    """
    return group_requests(spec.spine_group, spec, run)


def group_requests(group: FeatureGroupSpec, place: Place, run: RunContext) -> tuple[Request, ...]:
    """Return the same for any feature group; `place` is where its ingest job left what it wrote."""
    first, last = (moment_of(group, literal(token)) for token in (INGEST_FIRST_EVENT_TIME, INGEST_LAST_EVENT_TIME))
    query = (
        f"SELECT count(DISTINCT {quoted(group.record_identifier)}) AS visible\n"
        f"FROM {group_table(group.name)}\n"
        f"WHERE {moment(group)} BETWEEN {first} AND {last}"
    )
    ingested = {
        "Bucket": run.deployment.bucket,
        "Key": locations.earlier_key(place, run, "ingest", "output/ingested.json"),
    }
    # No ClientRequestToken: every asking must be a new execution.
    asking = {
        "QueryString": query,
        "ResultConfiguration": {"OutputLocation": locations.earlier(place, run, "ingest", "visible/")},
    }
    return (
        Request("s3", "GetObject", ingested),
        Request("sagemaker", "DescribeFeatureGroup", {"FeatureGroupName": group.name}),
        Request("athena", "StartQueryExecution", asking),
        Request(
            "boatyard",
            "WaitUntil",
            {"Column": "visible", "AtLeast": INGEST_RECORDS, "TimeoutInSeconds": group.visible_within},
        ),
    )
