"""The commands of the course, one room for each; `course.py` is their door.

These rooms use nothing but Python's standard library, because they work before anything is installed:

    cli         what was typed: the table of commands, `--help`
    open_lab    `python course.py [NN]`: a lesson in JupyterLab
    present     `present`: a lesson on a projector
    copies      the learner's own copies in my/, `reset`
    install     the environment in .venv: made, updated, mended
    packages    pip: what is coming, how far it is, what went wrong
    doctor      `doctor`: what this machine has and lacks
    run_tests   `test`
    colab       `test --colab`: the lessons in what Google Colab has installed
    teaching    `answers` and `class-progress`: pages for a teacher
    relay       `refresh`, `measure`, `pictures` and others: handed over to the rooms below
    publish     `publish-at`: the public address of the course
    lessons     the stored lessons and what may be typed for one
    words       what is said to a learner, by key and language: words.en.toml, words.ko.toml
    shared      the folder of the course, printing, files, running a program in .venv

These need the packages of the course. They are run by the Python in .venv, in the folder of the course:

    refresh             runs stored lessons anew
    translation         a translated lesson beside its English twin, for `refresh` and the tests
    comparison          which outputs are compared, for `refresh` and for the tests
    measure             measures the figures that lessons quote
    pack                makes a folder that installs the course without a network
    export_progress     writes the names of the exercises solved into a file
    study_time          the rule of the study times, which `refresh` writes into lessons and README.md
    build_site          makes the site of `site`
    section_times       draws the table of minutes in docs/teaching.md
    glossary            draws the glossary from the terms that lessons mark
    docs_pictures       takes the pictures of README.md in a real browser
    corrections_index   draws the index of corrections, docs/corrections.md
"""
