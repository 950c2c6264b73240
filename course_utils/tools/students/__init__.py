"""A student's side of the labs: a workspace without answers, its updates, checks with points, and the file to hand in.

A file imports from those above it in this list, never from below:

    released    the course's notebooks as students get them
    saving      what JupyterLab writes into a notebook that was only opened
    merging     a new version of a notebook and a student's work become one
    workspace   the folder of a student's notebooks, kept up to date
    record      what came of the checks, kept between sessions
    checking    the visible checks, run on a student's notebook
    submitting  the file to hand in
    jupyter     JupyterLab on a workspace
"""
