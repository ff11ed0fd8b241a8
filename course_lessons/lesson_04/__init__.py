"""What belongs to the lesson `notebooks/04_tokenizers.ipynb` alone."""
