"""Things to play with: controls on top of the pictures in `course_utils.views`, one module for each widget.

Every widget is built by a function that returns it, so that a test can turn its knobs, and is shown by `show_...`,
which stores a still first view beside it. Kernel-side code works with ipywidgets 7.7 and 8.
"""
