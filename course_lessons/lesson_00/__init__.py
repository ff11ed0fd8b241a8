"""What belongs to the lesson `notebooks/00_start_here.ipynb` alone."""
