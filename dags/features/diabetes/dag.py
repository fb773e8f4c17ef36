"""The Airflow DAG that fills the feature group of this folder."""

from boatyard.airflow import feature_group_dag

dag = feature_group_dag(__file__)
