"""The image without a user's program: SageMaker's built-in XGBoost algorithm, for training and for serving.

https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html
"""

MODEL_FILE = "xgboost-model"
