"""Results as pages that can be sent to somebody: one file, no network, readable on a telephone.

`pages` renders the templates, all of which extend `base.html`. `evaluation` and `feedback` gather what two of them
show; `tools.notebooks.report` does so for the third.
"""
