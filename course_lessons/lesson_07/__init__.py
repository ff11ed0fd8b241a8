"""What belongs to the lesson `notebooks/07_trainer.ipynb` alone."""
