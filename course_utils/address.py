"""Where the course is published: the one place that knows.

`python course.py publish-at OWNER/REPO` writes the name here and stamps it into the first cell and the badge of every
lesson and into README.md. Until then the name is empty; a lesson that Colab opened from GitHub finds the course without
it.
"""

REPOSITORY = ""
"""Name of the public repository as OWNER/REPO, or an empty string while there is none."""
