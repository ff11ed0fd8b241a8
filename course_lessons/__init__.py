"""One room for each lesson: its exercises, figures, widget, model code and words.

A room imports only itself and `course_utils`; no other room knows it.
"""
