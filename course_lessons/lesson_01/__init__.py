"""What belongs to the lesson `notebooks/01_behind_the_pipeline.ipynb` alone."""
