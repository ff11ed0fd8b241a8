"""What belongs to the lesson `notebooks/06_dynamic_padding.ipynb` alone."""
