"""Ends a check of deploy/ whose finding is not what it wants."""


def expect(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"{what}: {found}, not {wanted}")
