"""What belongs to the lesson `notebooks/12_scaling_out.ipynb` alone."""
