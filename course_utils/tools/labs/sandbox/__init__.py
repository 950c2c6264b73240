"""Runs students' code: the sandbox, the process inside it, and the messages between the two."""
