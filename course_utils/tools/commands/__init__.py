"""The subcommands of `course`, one module each.

A module has `HELP` (one line), `configure(parser)` (its arguments) and `run(arguments)` (returns the exit status).
Heavy imports stay inside `run`, so that `course --help` answers at once.
"""
