"""The processes of this installation: who runs, when each was last seen, what each counts and writes down."""
