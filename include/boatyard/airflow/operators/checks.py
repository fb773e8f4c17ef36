"""The two gates of a release: the model is good enough, the endpoint answers as the model did."""

from __future__ import annotations

from typing import Any

from boatyard.airflow.claimant import Claimant
from boatyard.airflow.comparison import compare_answers, compare_metrics
from boatyard.airflow.operators.requests import RequestsOperator
from boatyard.aws import invoke, storage
from boatyard.aws.errors import PermanentError
from boatyard.steps.run import ROWS, fill


class MetricThresholdOperator(RequestsOperator):
    """Let a run go on only if the evaluation keeps every rule."""

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Compare the evaluation with the rules."""
        where = self.only("GetObject")
        evaluation = storage.read_json(self.clients.get("s3"), f"s3://{where['Bucket']}/{where['Key']}")
        metrics = compare_metrics(evaluation, self.only("CompareMetrics")["Rules"])
        for name, value in metrics.items():
            self.log.info("%s is %g: good enough", name, value)
        return {"metrics": metrics}


class EndpointSmokeTestOperator(RequestsOperator):
    """Ask the endpoint about rows that the evaluation knows the answers to."""

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Compare the endpoint's answers with the evaluation's predictions."""
        count = self.only("CompareAnswers")["Rows"]
        rows, expected = (
            storage.first_lines(self.clients.get("s3"), f"s3://{where['Bucket']}/{where['Key']}", count)
            for where in self.asked("GetObject")
        )
        if not rows:
            raise PermanentError("there are no held-out rows to ask the endpoint about")
        unlabelled = "".join(f"{row.partition(',')[2]}\n" for row in rows)
        request = fill(self.only("InvokeEndpoint"), {ROWS: unlabelled})
        answers = invoke.invoke(self.clients.get("sagemaker-runtime"), request).splitlines()
        compare_answers(answers, expected)
        self.log.info("endpoint %s answers %d rows as evaluated", request["EndpointName"], len(rows))
        return {"rows": len(rows), "answers": answers}
