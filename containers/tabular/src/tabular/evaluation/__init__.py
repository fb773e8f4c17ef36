"""What a model's evaluate.py needs: the model and the champion on the same rows, metrics and a report with pictures.

A whole evaluate.py is `sys.exit(evaluate("regression"))`. It writes into the output folder

- evaluation.json: SageMaker's model quality metrics; the champion's below member `champion`, null without one
- predictions.csv: line n is what the endpoint answers for row n
- report.html: pictures, the champion's beside the model's; needs no other file and no network
"""

from tabular.evaluation.job import evaluate

__all__ = ["evaluate"]
