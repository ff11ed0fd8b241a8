"""What belongs to the lesson `notebooks/11_architectures_and_attention.ipynb` alone."""
