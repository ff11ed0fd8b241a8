"""Pictures of what a lesson talks about, one module for each subject.

Every function draws from the data it is given and does nothing else. Figures are matplotlib, for what is stored in a
notebook; HTML is for what changes while a learner plays. What a module draws, its `describe_...` says in words.
"""
