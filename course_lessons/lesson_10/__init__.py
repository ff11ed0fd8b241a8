"""What belongs to the lesson `notebooks/10_inference.ipynb` alone."""
