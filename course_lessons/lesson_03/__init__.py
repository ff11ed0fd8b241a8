"""What belongs to the lesson `notebooks/03_models_and_checkpoints.ipynb` alone."""
