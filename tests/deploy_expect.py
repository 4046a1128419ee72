"""What a check of deploy/ finds beside what it wants."""


def expect(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"{what}: {found}, not {wanted}")
