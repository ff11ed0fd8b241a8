"""What belongs to the lesson `notebooks/02_body_and_head.ipynb` alone."""
