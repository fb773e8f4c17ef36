"""Steps of a model without Airflow: `boatyard run`."""
