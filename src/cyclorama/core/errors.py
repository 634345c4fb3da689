"""What can go wrong for the user, each with its exit code.

A contract broken by our own code is a plain ``ValueError``; these are for what a user or a machine can cause.
"""


class CycloramaError(Exception):
    """One clear sentence with the remedy; the command prints it without a traceback."""

    kind = "bug"
    exit_code = 1


class InputError(CycloramaError, ValueError):
    """The request or an input is wrong (exit 2)."""

    kind = "input"
    exit_code = 2


class MachineError(CycloramaError):
    """This machine cannot: space, memory, permission, a missing codec (exit 3)."""

    kind = "machine"
    exit_code = 3


class BusyError(CycloramaError):
    """Another run holds the job (exit 4)."""

    kind = "busy"
    exit_code = 4
