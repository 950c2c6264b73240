"""`course run`."""

HELP = "not here yet"


def configure(parser):
    pass


def run(arguments) -> int:
    raise NotImplementedError
