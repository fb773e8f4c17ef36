"""The two gates of a release: the model is good enough, the endpoint answers as the model did."""

from __future__ import annotations

from typing import Any

from boatyard.airflow.claimant import Claimant
from boatyard.airflow.operators.requests import RequestsOperator
from boatyard.aws.carry_out import gate, release
from boatyard.aws.records.links import DATA, ENDPOINT, LOG, RECORD, REPORT


class GateOperator(RequestsOperator):
    """Let a run go on only if the evaluation keeps every rule, in itself and against the champion."""

    link_names = (REPORT, DATA, RECORD)

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Compare the evaluation with the rules."""
        return gate.gate(self.plan, self.clients)


class EndpointSmokeTestOperator(RequestsOperator):
    """Ask the endpoint about rows that the evaluation knows the answers to."""

    link_names = (ENDPOINT, LOG, DATA, RECORD)

    def carry_out(self, me: Claimant) -> dict[str, Any]:
        """Compare the endpoint's answers with the evaluation's predictions."""
        return release.smoke_test(self.plan, self.clients)
