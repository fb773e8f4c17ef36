"""Boatyard's reconciliation, often enough for a campaign of minutes."""

from datetime import timedelta

from boatyard.airflow import reconcile_dag

dag = reconcile_dag(__file__, every=timedelta(seconds=30), grace=timedelta(seconds=10))
