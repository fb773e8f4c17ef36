"""What serves and what might: the model registry, the gate, endpoints."""
