"""A past for an installation: settled lists in any number, as the tables keep them, so that speed can be tried with history."""
