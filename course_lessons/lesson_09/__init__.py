"""What belongs to the lesson `notebooks/09_training_checklist.ipynb` alone."""
