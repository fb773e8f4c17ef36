"""How AWS is called: the only boto3. Knows nothing of Airflow; clients are arguments."""
