"""What belongs to the lesson `notebooks/05_padding_and_masks.ipynb` alone."""
