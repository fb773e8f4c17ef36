"""The Airflow DAG of the model that this folder describes."""

from boatyard.airflow import model_dag

dag = model_dag(__file__)
