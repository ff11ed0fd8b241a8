"""What belongs to the lesson `notebooks/13_then_and_now.ipynb` alone."""
