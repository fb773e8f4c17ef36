"""Evaluate the trained model, beside the model in service, on the held-out rows, as a SageMaker processing job.

Writes evaluation.json in the format of SageMaker's model quality metrics, predictions.csv, whose line n is what the
endpoint answers for row n, and report.html. By hand: evaluate.py --model-dir ... --test-dir ... --output-dir ...
"""

import sys

from tabular.evaluation import evaluate

PIXELS = [f"pixel_{number}" for number in range(64)]

if __name__ == "__main__":
    sys.exit(evaluate("multiclass_classification", feature_names=PIXELS, description=__doc__))
