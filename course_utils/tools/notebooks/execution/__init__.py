"""Notebooks through papermill, each in a child process that cannot hang and leaves nothing behind.

- `execute`: one notebook: starts the `worker`, follows its events, keeps to the limits;
- `worker`: the child process;
- `processes`: a child process whose descendants all end with it;
- `running`, `result`: what is told while a notebook runs, and in the end;
- `several`: several notebooks at once.
"""
