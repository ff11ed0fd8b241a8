"""What belongs to the lesson `notebooks/08_manual_loop.ipynb` alone."""
