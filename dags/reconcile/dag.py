"""The Airflow DAG that stops jobs which nobody wants any more."""

from boatyard.airflow import reconcile_dag

dag = reconcile_dag(__file__)
