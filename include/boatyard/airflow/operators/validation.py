"""Validation of a training set, in Athena."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from boatyard.airflow.claimant import Claimant
from boatyard.airflow.operators.data import QueriesOperator
from boatyard.aws.carry_out import validate
from boatyard.aws.errors import ChecksError
from boatyard.aws.records.links import DATA, RECORD, REPORT


class ValidateTrainingSetOperator(QueriesOperator):
    """Let a run go on only if the training set passes every critical check."""

    link_names = (DATA, REPORT, RECORD)

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Evaluate the checks; the places of the results are there for a failed task too."""
        self._push = context["ti"].xcom_push
        return super().execute(context)

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Evaluate the checks."""
        try:
            return validate.validate(self.plan, self.clients, self.queries, me)
        except ChecksError as error:
            self._push(key="return_value", value=error.result)
            raise
