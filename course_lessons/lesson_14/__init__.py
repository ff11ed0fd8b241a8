"""What belongs to the lesson `notebooks/14_your_own_data.ipynb` alone."""
