"""smoke_test: the endpoint must answer as the evaluated model did."""

from boatyard.spec import ModelSpec
from boatyard.steps import locations
from boatyard.steps.register import CONTENT_TYPE
from boatyard.steps.run import ROWS, Request, RunContext


def requests(spec: ModelSpec, run: RunContext) -> tuple[Request, ...]:
    """Return the rows asked about, the answers expected and the call; test.csv has the label first and no header."""
    bucket = run.deployment.bucket
    test = locations.earlier_key(spec, run, "process", "test/test.csv")
    return (
        Request("s3", "GetObject", {"Bucket": bucket, "Key": test}),
        Request("s3", "GetObject", {"Bucket": bucket, "Key": locations.evaluation(spec, run, "predictions.csv")}),
        Request(
            "sagemaker-runtime",
            "InvokeEndpoint",
            {
                "EndpointName": run.result("deploy", "endpoint_name"),
                "ContentType": CONTENT_TYPE,
                "Accept": CONTENT_TYPE,
                "Body": ROWS,
            },
        ),
        Request("boatyard", "CompareAnswers", {"Rows": spec.smoke_test.rows}),
    )
