"""The subcommands of `course`, one module each.

A module has `HELP` (one line), `configure(parser)` (its arguments) and `run(arguments)` (returns the exit status). The
parsed arguments end there: whatever a command calls takes plain values, whose types and ranges come from
`course_utils.tools.types`. Heavy imports stay inside `run`, so that `course --help` answers at once.
"""
