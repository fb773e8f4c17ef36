"""Airflow's side: the DAG factory, operators and triggers. The only place that imports Airflow, plugins aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from boatyard.airflow.factory import model_dag
    from boatyard.airflow.feature_groups import feature_group_dag
    from boatyard.airflow.reconcile import reconcile_dag

__all__ = ["feature_group_dag", "model_dag", "reconcile_dag"]


def __getattr__(name: str) -> Any:
    # The triggerer imports boatyard.airflow.triggers and should not pay for the factory and the operators.
    if name == "model_dag":
        from boatyard.airflow.factory import model_dag

        return model_dag
    if name == "feature_group_dag":
        from boatyard.airflow.feature_groups import feature_group_dag

        return feature_group_dag
    if name == "reconcile_dag":
        from boatyard.airflow.reconcile import reconcile_dag

        return reconcile_dag
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
