"""How answers to exercises are judged: `judging` runs and compares, `values` reads, compares and shows what came back,
`time_limit` ends a loop that would never end, `wording` says the verdict. `course_utils.check` is what a lesson calls.
Beside them `inspect_setup`, a look through a data set, a tokenizer and a model before a training, `draw_findings`,
which shows what it found, and `drawn`, by which a picture that went stale is noticed.
"""

import course_utils  # noqa: F401  (its parts and these need each other: it comes first, whichever is asked for first)
